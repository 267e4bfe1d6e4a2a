/// One step of a compiled page. Small and trivial, so the renderer's loop counts no references.
struct Op {
  enum Kind: UInt8 {
    /// Writes `limit` bytes of the literals from `index`.
    case literal
    /// Escapes the `String` that lies at the place.
    case string
    /// Calls text reader `index`.
    case text
    /// Notes where a link begins, and checks its scheme once it is written.
    case linkStart, linkEnd
    /// Goes on at `limit` unless the `Bool` at the place is true; the second, unless it is false.
    case ifFlag, unlessFlag
    /// The same by test `index`.
    case ifTest, unlessTest
    /// Runs the steps up to `limit` with `target` pointing at the object that opener `index` lends.
    case object
    /// Runs them for each element that list `index` lends.
    case list
  }

  let kind: Kind
  /// The place: which scope's value, and how many bytes into it.
  var slot: UInt8 = 0
  var target: UInt8 = 0
  var offset: Int32 = 0
  var index: Int32 = 0
  var limit: Int32 = 0
}

/// A page compiled for one language: names are resolved, partials and layouts spliced in, text
/// translated. It never changes, so all threads share it.
final class Program: Sendable {
  typealias Opener = @Sendable (Address, (Address) -> Void) -> Void

  struct Code: Sendable {
    var ops: ContiguousArray<Op> = []
    var literals: [UInt8] = []
    var texts: [@Sendable (Address, inout ByteBuffer, Language) -> Void] = []
    var tests: [@Sendable (Address) -> Bool] = []
    var objects: [Opener] = []
    var lists: [ListKey] = []
    /// How many scopes are open at most.
    var slotCount = 1
  }

  let language: Language
  private let code: Code

  init(_ code: Code, language: Language) {
    self.code = code
    self.language = language
  }

  /// Writes the page. `value` must be of the type that this program was compiled for.
  func run<Value>(_ value: Value, into buffer: inout ByteBuffer) {
    withUnsafePointer(to: value) { value in
      withUnsafeTemporaryAllocation(of: Address.self, capacity: code.slotCount) { slots in
        slots.initialize(repeating: Address(value))
        code.ops.withUnsafeBufferPointer { ops in
          code.literals.withUnsafeBufferPointer { literals in
            let renderer = Renderer(
              code: code, language: language, ops: ops, literals: literals, slots: slots)
            renderer.run(0..<ops.count, into: &buffer)
          }
        }
      }
    }
  }
}

/// One rendering. The pointers live as long as `Program.run`.
private struct Renderer {
  let code: Program.Code
  let language: Language
  let ops: UnsafeBufferPointer<Op>
  let literals: UnsafeBufferPointer<UInt8>
  let slots: UnsafeMutableBufferPointer<Address>

  func run(_ range: Range<Int>, into buffer: inout ByteBuffer) {
    var next = range.lowerBound
    var linkStart = 0
    while next < range.upperBound {
      let op = ops[next]
      let place = slots[Int(op.slot)] + Int(op.offset)
      let index = Int(op.index)
      let limit = Int(op.limit)
      next += 1
      switch op.kind {
      case .literal:
        buffer.append(UnsafeBufferPointer(rebasing: literals[index..<index + limit]))
      case .string: buffer.escape(place.assumingMemoryBound(to: String.self).pointee)
      case .text: code.texts[index](place, &buffer, language)
      case .linkStart: linkStart = buffer.count
      case .linkEnd: buffer.disarmLink(from: linkStart)
      case .ifFlag: if !place.assumingMemoryBound(to: Bool.self).pointee { next = limit }
      case .unlessFlag: if place.assumingMemoryBound(to: Bool.self).pointee { next = limit }
      case .ifTest: if !code.tests[index](place) { next = limit }
      case .unlessTest: if code.tests[index](place) { next = limit }
      case .object:
        code.objects[index](place) { object in
          slots[Int(op.target)] = object
          run(next..<limit, into: &buffer)
        }
        next = limit
      case .list:
        let list = code.lists[index]
        list.open(place) { elements in
          guard let first = elements.baseAddress else { return }
          for start in stride(from: 0, to: elements.count, by: list.stride) {
            slots[Int(op.target)] = Address(first + start)
            run(next..<limit, into: &buffer)
          }
        }
        next = limit
      }
    }
  }
}

extension ByteBuffer {
  /// Replaces a link that was just written by `#` when its scheme is one that may run code.
  /// What stands before the first `/ ? #` holds no colon, or it is a scheme of this list.
  mutating func disarmLink(from start: Int) {
    let isSafe = withBytes { bytes in
      let ends = Array("/?#:".utf8)
      let link = bytes[start...]
      guard let end = link.firstIndex(where: ends.contains), link[end] == UInt8(ascii: ":") else {
        return true
      }
      let scheme = String(decoding: link[..<end], as: UTF8.self).lowercased()
      return ["http", "https", "mailto", "tel"].contains(scheme)
    }
    if isSafe { return }
    truncate(to: start)
    append(UInt8(ascii: "#"))
  }
}
