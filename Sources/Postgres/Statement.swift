import Glibc

/// A named statement ready to send.
package struct Statement: Sendable {
  let name: StaticString
  let sql: SQL

  package init(_ name: StaticString, _ sql: SQL) {
    self.name = name
    self.sql = sql
  }

  static let begin = Statement("begin", "begin")
  static let beginReading = Statement("begin", "begin read only")
  static let commit = Statement("commit", "commit")
  static let rollback = Statement("rollback", "rollback")
}

/// A statement's text without its values, compared by where the compiler put the literals:
/// finding a prepared statement renders, copies and hashes no text.
struct StatementShape: Hashable {
  private let pieces: [SQL.Piece]

  init(_ sql: SQL) { pieces = sql.pieces }

  static func == (one: StatementShape, other: StatementShape) -> Bool {
    guard one.pieces.count == other.pieces.count else { return false }
    for (left, right) in zip(one.pieces, other.pieces) {
      switch (left, right) {
      case (.text(let left), .text(let right)):
        guard left.location == right.location, left.utf8CodeUnitCount == right.utf8CodeUnitCount
        else { return false }
      case (.unchecked(let left), .unchecked(let right)):
        guard left == right else { return false }
      case (.value, .value): continue
      default: return false
      }
    }
    return true
  }

  func hash(into hasher: inout Hasher) {
    for piece in pieces {
      switch piece {
      case .text(let literal): hasher.combine(literal.location)
      case .unchecked(let text): hasher.combine(text)
      case .value: hasher.combine(0 as UInt)
      }
    }
  }
}

extension StaticString {
  /// The literal's address; a literal of one scalar may be stored as that scalar instead.
  fileprivate var location: UInt {
    hasPointerRepresentation ? UInt(bitPattern: utf8Start) : UInt(unicodeScalar.value)
  }
}

/// Parameters in the arrays that libpq wants; one buffer for all calls of a connection.
struct ParameterBuffer {
  private var bytes: [UInt8] = []
  private var starts: [Int] = []
  private var pointers: [UnsafePointer<CChar>?] = []
  private var lengths: [CInt] = []
  private var formats: [CInt] = []
  /// Larger contents are given back to the allocator rather than kept for the connection's life.
  private static let keptBytesMax = 65_536
  private static let null = -1

  mutating func fill(from sql: SQL) {
    if bytes.count > Self.keptBytesMax {
      bytes = []
    } else {
      bytes.removeAll(keepingCapacity: true)
    }
    starts.removeAll(keepingCapacity: true)
    lengths.removeAll(keepingCapacity: true)
    formats.removeAll(keepingCapacity: true)
    for case .value(let bind) in sql.pieces { append(bind) }
  }

  private mutating func append(_ bind: Bind) {
    switch bind {
    case .null:
      starts.append(Self.null)
      lengths.append(0)
      formats.append(0)
    case .text(let text):
      starts.append(bytes.count)
      lengths.append(0)  // libpq reads text up to its NUL
      formats.append(0)
      bytes.append(contentsOf: text.utf8)
      bytes.append(0)
    case .bytes(let value):
      starts.append(bytes.count)
      lengths.append(CInt(value.count))
      formats.append(1)
      bytes.append(contentsOf: value)
      bytes.append(0)
    }
  }

  /// Calls `body` with the count, values, lengths and formats; they are valid only inside it.
  mutating func withParameters<Result>(
    _ body: (CInt, [UnsafePointer<CChar>?], [CInt], [CInt]) -> Result
  ) -> Result {
    var values: [UnsafePointer<CChar>?] = []
    swap(&values, &pointers)
    defer { swap(&values, &pointers) }
    values.removeAll(keepingCapacity: true)
    return bytes.withUnsafeBytes { raw in
      let base = raw.baseAddress?.assumingMemoryBound(to: CChar.self)
      for start in starts {
        values.append(start == Self.null ? nil : base.map { $0 + start })
      }
      return body(CInt(starts.count), values, lengths, formats)
    }
  }
}

extension Bind {
  /// U+0000 in a text would end it early in libpq; PostgreSQL cannot store it either.
  var isTextWithNUL: Bool {
    guard case .text(let text) = self else { return false }
    let fast = text.utf8.withContiguousStorageIfAvailable { bytes in
      bytes.baseAddress.map { memchr($0, 0, bytes.count) != nil } ?? false
    }
    return fast ?? text.utf8.contains(0)
  }
}
