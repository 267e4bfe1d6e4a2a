/// Bytes that are read piece by piece, wherever they are: in memory, or in a ``Spool``.
package struct Bytes: Sendable {
  private enum Place {
    case memory([UInt8])
    case file(SpoolFile)
  }

  /// What is read at once where nobody says otherwise.
  package static let pieceBytes = 64 * 1024

  private let place: Place
  private let range: Range<Int>

  package init(_ bytes: [UInt8] = []) {
    place = .memory(bytes)
    range = 0..<bytes.count
  }

  /// All that was written to the file so far.
  package init(_ file: SpoolFile) {
    place = .file(file)
    range = 0..<file.count
  }

  private init(_ place: Place, _ range: Range<Int>) {
    self.place = place
    self.range = range
  }

  package var count: Int { range.count }
  package var isEmpty: Bool { range.isEmpty }

  /// A part of them, counted from their first; nothing is copied.
  package subscript(part: Range<Int>) -> Bytes {
    let moved = (range.lowerBound + part.lowerBound)..<(range.lowerBound + part.upperBound)
    precondition(moved.upperBound <= range.upperBound, "A part lies within the whole.")
    return Bytes(place, moved)
  }

  /// All of them in memory; for what is known to be short.
  package func array() throws(SpoolFailure) -> [UInt8] {
    switch place {
    case .memory(let bytes): range == 0..<bytes.count ? bytes : Array(bytes[range])
    case .file(let file): try file.read(range)
    }
  }

  /// Hands them over in their order, none of the pieces longer than `bytesMax`.
  package func eachPiece(
    of bytesMax: Int = pieceBytes, _ body: (ArraySlice<UInt8>) throws -> Void
  ) throws {
    var start = 0
    while start < count {
      let end = min(count, start + bytesMax)
      switch place {
      case .memory(let bytes):
        try body(bytes[(range.lowerBound + start)..<(range.lowerBound + end)])
      case .file: try body(try self[start..<end].array()[...])
      }
      start = end
    }
  }
}
