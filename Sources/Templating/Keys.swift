/// A value that a template can show: it knows the names under which templates find its parts.
package protocol Templated: SendableMetatype {
  static var keys: Keys<Self> { get }
}

/// A whole page: what a template needs, and which template that is ("leads/list").
package protocol Page: Templated {
  static var template: String { get }
}

/// The names a template may use on a `Value`, each with the way to read it.
///
///     static let keys = Keys<LeadRow>()
///       .text("name", \.name)
///       .flag("hot") { $0.score > 80 }
///       .list("tags", \.tags)
///
/// A stored property given by key path is read at its offset; a closure is for computed values.
package struct Keys<Value>: Sendable {
  private(set) var table = KeyTable(owner: "\(Value.self)")

  package init() {}

  package func text<Text: TemplateText>(
    _ name: String, _ path: any KeyPath<Value, Text> & Sendable
  ) -> Self {
    adding(
      name, Self.text(Self.reader(path), isStored: MemoryLayout<Value>.offset(of: path) != nil))
  }

  package func text<Text: TemplateText>(
    _ name: String, _ read: @escaping @Sendable (Value) -> Text
  ) -> Self {
    adding(name, Self.text(Self.reader(read), isStored: false))
  }

  package func html(_ name: String, _ path: any KeyPath<Value, HTML> & Sendable) -> Self {
    adding(name, Self.html(Self.reader(path)))
  }

  package func html(_ name: String, _ read: @escaping @Sendable (Value) -> HTML) -> Self {
    adding(name, Self.html(Self.reader(read)))
  }

  package func flag(_ name: String, _ path: any KeyPath<Value, Bool> & Sendable) -> Self {
    adding(
      name, Self.flag(Self.reader(path), isStored: MemoryLayout<Value>.offset(of: path) != nil))
  }

  package func flag(_ name: String, _ read: @escaping @Sendable (Value) -> Bool) -> Self {
    adding(name, Self.flag(Self.reader(read), isStored: false))
  }

  package func list<Element: Templated>(
    _ name: String, _ path: any KeyPath<Value, [Element]> & Sendable
  ) -> Self {
    adding(name, .list(ListKey(Self.reader(path), .named { Element.keys.table })))
  }

  package func list<Element: Templated>(
    _ name: String, _ read: @escaping @Sendable (Value) -> [Element]
  ) -> Self {
    adding(name, .list(ListKey(Self.reader(read), .named { Element.keys.table })))
  }

  /// A list of plain texts; inside its section `{{.}}` is the text.
  package func list<Element: TemplateText>(
    _ name: String, _ path: any KeyPath<Value, [Element]> & Sendable
  ) -> Self {
    adding(name, .list(ListKey(Self.reader(path), .plain(TextKey.whole(Element.self)))))
  }

  package func object<Object: Templated>(
    _ name: String, _ path: any KeyPath<Value, Object> & Sendable
  ) -> Self {
    guard let offset = MemoryLayout<Value>.offset(of: path) else {
      return object(name) { $0[keyPath: path] }
    }
    return adding(name, .object(ObjectKey(base: offset, open: nil) { Object.keys.table }))
  }

  package func object<Object: Templated>(
    _ name: String, _ path: any KeyPath<Value, Object?> & Sendable
  ) -> Self {
    adding(name, .object(ObjectKey(Self.reader(path))))
  }

  package func object<Object: Templated>(
    _ name: String, _ read: @escaping @Sendable (Value) -> Object?
  ) -> Self {
    adding(name, .object(ObjectKey(Self.reader(read))))
  }

  /// Takes over all keys of a stored part, such as the layout that every page carries.
  package func include<Part: Templated>(_ path: any KeyPath<Value, Part> & Sendable) -> Self {
    guard let offset = MemoryLayout<Value>.offset(of: path) else {
      preconditionFailure("\(Value.self) includes a computed \(Part.self); store it instead.")
    }
    var copy = self
    for (name, key) in Part.keys.table.keys { copy.table.add(name, key.moved(by: offset)) }
    copy.table.problems += Part.keys.table.problems
    return copy
  }

  private func adding(_ name: String, _ key: Key) -> Self {
    var copy = self
    copy.table.add(name, key)
    return copy
  }

  private static func reader<Part>(_ path: any KeyPath<Value, Part> & Sendable) -> Reader<Part> {
    guard let offset = MemoryLayout<Value>.offset(of: path) else {
      return reader { $0[keyPath: path] }
    }
    return Reader(base: offset) { $0.assumingMemoryBound(to: Part.self).pointee }
  }

  private static func reader<Part>(_ read: @escaping @Sendable (Value) -> Part) -> Reader<Part> {
    Reader(base: 0) { read($0.assumingMemoryBound(to: Value.self).pointee) }
  }

  private static func text<Text: TemplateText>(_ reader: Reader<Text>, isStored: Bool) -> Key {
    .text(TextKey(reader, isStoredString: isStored && Text.self == String.self))
  }

  private static func html(_ reader: Reader<HTML>) -> Key {
    let read = reader.read
    return .html(
      TextKey(
        base: reader.base, isStoredString: false,
        write: { address, buffer, _ in buffer.append(read(address).bytes) },
        isFilled: { !read($0).bytes.isEmpty }))
  }

  private static func flag(_ reader: Reader<Bool>, isStored: Bool) -> Key {
    .flag(FlagKey(base: reader.base, isStored: isStored, isTrue: reader.read))
  }
}

/// Where a value of a known type lies. The type is forgotten here and nowhere else: a key is only
/// ever read at an address that the compiler derived from the type that declared the key.
typealias Address = UnsafeRawPointer

/// Reads a part of a value that begins `base` bytes before the address it is given.
struct Reader<Part>: Sendable {
  let base: Int
  let read: @Sendable (Address) -> Part
}

/// The keys of one type without the type.
struct KeyTable: Sendable {
  let owner: String
  private(set) var keys: [String: Key] = [:]
  var problems: [String] = []

  var names: String { keys.keys.sorted().joined(separator: ", ") }

  mutating func add(_ name: String, _ key: Key) {
    if keys.updateValue(key, forKey: name) != nil {
      problems.append("\(owner) declares the key '\(name)' twice")
    }
  }
}

enum Key: Sendable {
  case text(TextKey)
  case html(TextKey)
  case flag(FlagKey)
  case list(ListKey)
  case object(ObjectKey)

  var kind: String {
    switch self {
    case .text: "a text"
    case .html: "HTML"
    case .flag: "a flag"
    case .list: "a list"
    case .object: "an object"
    }
  }

  /// The same key for a value that begins `offset` bytes earlier.
  func moved(by offset: Int) -> Key {
    func moved<Inner>(_ inner: Inner, _ base: WritableKeyPath<Inner, Int>) -> Inner {
      var copy = inner
      copy[keyPath: base] += offset
      return copy
    }
    return switch self {
    case .text(let key): .text(moved(key, \.base))
    case .html(let key): .html(moved(key, \.base))
    case .flag(let key): .flag(moved(key, \.base))
    case .list(let key): .list(moved(key, \.base))
    case .object(let key): .object(moved(key, \.base))
    }
  }
}

struct TextKey: Sendable {
  var base: Int
  /// The renderer reads stored strings itself, without a call.
  let isStoredString: Bool
  let write: @Sendable (Address, inout ByteBuffer, Language) -> Void
  let isFilled: @Sendable (Address) -> Bool
}

extension TextKey {
  init<Text: TemplateText>(_ reader: Reader<Text>, isStoredString: Bool) {
    let read = reader.read
    self.init(
      base: reader.base, isStoredString: isStoredString,
      write: { address, buffer, language in read(address).write(in: language, to: &buffer) },
      isFilled: { !read($0).isEmpty })
  }

  /// The value at the address itself: `{{.}}` in a list of texts.
  static func whole<Text: TemplateText>(_: Text.Type) -> TextKey {
    TextKey(
      Reader<Text>(base: 0) { $0.assumingMemoryBound(to: Text.self).pointee },
      isStoredString: Text.self == String.self)
  }
}

struct FlagKey: Sendable {
  var base: Int
  let isStored: Bool
  let isTrue: @Sendable (Address) -> Bool
}

struct ListKey: Sendable {
  enum Element: Sendable {
    /// Asked only when a template opens the list, so a type may list itself.
    case named(@Sendable () -> KeyTable)
    case plain(TextKey)
  }

  var base: Int
  let stride: Int
  let element: Element
  let isFilled: @Sendable (Address) -> Bool
  /// Lends the elements, which lie side by side.
  let open: @Sendable (Address, (UnsafeRawBufferPointer) -> Void) -> Void

  init<Item>(_ reader: Reader<[Item]>, _ element: Element) {
    let read = reader.read
    base = reader.base
    stride = MemoryLayout<Item>.stride
    self.element = element
    isFilled = { !read($0).isEmpty }
    open = { address, body in read(address).withUnsafeBytes(body) }
  }
}

struct ObjectKey: Sendable {
  var base: Int
  /// Lends the object if there is one. Nil when it is always there, in place at `base`.
  let open: (@Sendable (Address, (Address) -> Void) -> Void)?
  let table: @Sendable () -> KeyTable

  init(
    base: Int, open: (@Sendable (Address, (Address) -> Void) -> Void)?,
    table: @escaping @Sendable () -> KeyTable
  ) {
    self.base = base
    self.open = open
    self.table = table
  }

  init<Object: Templated>(_ reader: Reader<Object?>) {
    let read = reader.read
    self.init(
      base: reader.base,
      open: { address, body in
        if let object = read(address) {
          withUnsafePointer(to: object) { body(Address($0)) }
        }
      },
      table: { Object.keys.table })
  }
}
