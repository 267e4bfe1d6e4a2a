import CLibPQ

/// The rows one statement answered with; owns libpq's memory.
package final class Rows {
  private let result: OpaquePointer
  let name: StaticString

  init(owning result: OpaquePointer, name: StaticString) {
    self.result = result
    self.name = name
  }

  deinit { PQclear(result) }

  package var count: Int { Int(PQntuples(result)) }

  /// How many rows an INSERT, UPDATE or DELETE touched.
  package var affected: Int {
    guard let text = PQcmdTuples(result) else { return 0 }
    return Int(String(cString: text)) ?? 0
  }

  /// Decodes row `index`; the row is only valid inside `body`.
  func row<T>(_ index: Int, _ body: (inout Row) throws -> T) rethrows -> T {
    var row = Row(result: result, index: CInt(index), name: name)
    return try body(&row)
  }
}

/// One row, read column by column in the order the statement lists them.
package struct Row {
  private let result: OpaquePointer
  private let index: CInt
  private let columns: CInt
  private let name: StaticString
  private var column: CInt = 0

  fileprivate init(result: OpaquePointer, index: CInt, name: StaticString) {
    self.result = result
    self.index = index
    self.name = name
    columns = PQnfields(result)
  }

  /// The next column's value; throws `PostgresError.decoding` when it is NULL or malformed.
  package mutating func next<T: SQLReadable>(_ type: T.Type = T.self) throws -> T {
    guard let bytes = nextCell() else { throw mismatch("\(T.self)", "NULL") }
    guard let value = T(sql: bytes) else { throw mismatch("\(T.self)", "malformed") }
    return value
  }

  /// The next column's value, nil for NULL.
  package mutating func next<T: SQLReadable>(optional type: T.Type = T.self) throws -> T? {
    guard let bytes = nextCell() else { return nil }
    guard let value = T(sql: bytes) else { throw mismatch("\(T.self)", "malformed") }
    return value
  }

  // The commonest types once more without generics: those cost a look-up of metadata for each value,
  // which on a list page were a tenth of the time.

  package mutating func next(_ type: String.Type = String.self) throws -> String {
    guard let text = try next(optional: String.self) else { throw mismatch("String", "NULL") }
    return text
  }

  package mutating func next(optional type: String.Type) throws -> String? {
    nextCell().map { String(decoding: $0, as: UTF8.self) }
  }

  package mutating func next(_ type: Bool.Type = Bool.self) throws -> Bool {
    guard let bytes = nextCell() else { throw mismatch("Bool", "NULL") }
    guard let value = Bool(sql: bytes) else { throw mismatch("Bool", "malformed") }
    return value
  }

  package mutating func next(_ type: Int.Type = Int.self) throws -> Int {
    guard let bytes = nextCell() else { throw mismatch("Int", "NULL") }
    guard let value = Int(sql: bytes) else { throw mismatch("Int", "malformed") }
    return value
  }

  /// The next column's bytes, nil for NULL; for types that bring such a reader of their own.
  package mutating func nextCell() -> UnsafeRawBufferPointer? {
    precondition(column < columns, "\(name) lists fewer columns than are read")
    defer { column += 1 }
    let length = PQgetlength(result, index, column)
    if length == 0, PQgetisnull(result, index, column) == 1 { return nil }
    return UnsafeRawBufferPointer(start: PQgetvalue(result, index, column), count: Int(length))
  }

  /// What does not fit in the column read last.
  package func mismatch(_ type: String, _ what: String) -> PostgresError {
    let field = PQfname(result, column - 1).map { String(cString: $0) } ?? "?"
    return .decoding("\(name): column \(field) is \(what), \(type) wanted")
  }
}

/// A Swift type that can be read from PostgreSQL's text format.
package protocol SQLReadable {
  init?(sql bytes: UnsafeRawBufferPointer)
}

extension String: SQLReadable {
  package init?(sql bytes: UnsafeRawBufferPointer) { self = String(decoding: bytes, as: UTF8.self) }
}

extension Int: SQLReadable {
  package init?(sql bytes: UnsafeRawBufferPointer) {
    let isNegative = bytes.first == UInt8(ascii: "-")
    let digits = isNegative ? bytes[1...] : bytes[...]
    guard !digits.isEmpty else { return nil }
    var value = 0
    for digit in digits {
      guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
      let (tens, isTooLong) = value.multipliedReportingOverflow(by: 10)
      // Counted downwards, where there is room for the smallest number.
      let (next, isTooLow) = tens.subtractingReportingOverflow(Int(digit - UInt8(ascii: "0")))
      guard !isTooLong, !isTooLow else { return nil }
      value = next
    }
    guard isNegative || value != .min else { return nil }
    self = isNegative ? value : -value
  }
}

extension Bool: SQLReadable {
  package init?(sql bytes: UnsafeRawBufferPointer) {
    switch bytes.first {
    case UInt8(ascii: "t"): self = true
    case UInt8(ascii: "f"): self = false
    default: return nil
    }
  }
}

extension [UInt8]: SQLReadable {
  /// `bytea` in hex format: `\x` and two digits a byte.
  package init?(sql bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= 2, bytes.count.isMultiple(of: 2), bytes[0] == UInt8(ascii: "\\"),
      bytes[1] == UInt8(ascii: "x")
    else { return nil }
    var decoded: [UInt8] = []
    decoded.reserveCapacity(bytes.count / 2 - 1)
    var position = 2
    while position < bytes.count {
      guard let high = hexDigit(bytes[position]), let low = hexDigit(bytes[position + 1]) else {
        return nil
      }
      decoded.append(high << 4 | low)
      position += 2
    }
    self = decoded
  }
}

private func hexDigit(_ byte: UInt8) -> UInt8? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
  default: nil
  }
}

extension SQLReadable where Self: RawRepresentable, RawValue == String {
  package init?(sql bytes: UnsafeRawBufferPointer) {
    self.init(rawValue: String(decoding: bytes, as: UTF8.self))
  }
}

/// A one-dimensional `text[]` column without NULLs.
package struct CodeArray: SQLReadable {
  package let elements: [String]

  /// PostgreSQL's array grammar: `{plain,"quoted, with \\"escapes\\""}`.
  package init?(sql bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= 2, bytes.first == UInt8(ascii: "{"), bytes.last == UInt8(ascii: "}") else {
      return nil
    }
    var elements: [String] = []
    var rest = bytes[1..<bytes.count - 1]
    while !rest.isEmpty {
      guard let element = nextElement(&rest) else { return nil }
      elements.append(element)
      guard rest.isEmpty || rest.popFirst() == UInt8(ascii: ",") && !rest.isEmpty else {
        return nil
      }
    }
    self.elements = elements
  }
}

/// Takes one element; nil when it is NULL, an array of its own, or malformed.
private func nextElement(_ rest: inout Slice<UnsafeRawBufferPointer>) -> String? {
  guard rest.first == UInt8(ascii: "\"") else {
    let plain = rest.prefix { $0 != UInt8(ascii: ",") }
    rest = rest.dropFirst(plain.count)
    guard !plain.isEmpty, plain.first != UInt8(ascii: "{"), !plain.elementsEqual("NULL".utf8)
    else { return nil }
    return String(decoding: plain, as: UTF8.self)
  }
  rest.removeFirst()
  var element: [UInt8] = []
  while let byte = rest.popFirst() {
    switch byte {
    case UInt8(ascii: "\""): return String(decoding: element, as: UTF8.self)
    case UInt8(ascii: "\\"):
      guard let escaped = rest.popFirst() else { return nil }
      element.append(escaped)
    default: element.append(byte)
    }
  }
  return nil
}
