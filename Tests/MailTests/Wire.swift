import Foundation

/// Questions about the bytes of a message.
struct Wire {
  private let bytes: [UInt8]
  private let lines: [ArraySlice<UInt8>]

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map {
      $0.last == 0x0D ? $0.dropLast() : $0
    }
  }

  var longestLine: Int { lines.map(\.count).max() ?? 0 }

  var isPlainASCIIWithCRLF: Bool {
    let paired = zip([0] + bytes, bytes + [0]).allSatisfy { ($0 == 0x0D) == ($1 == 0x0A) }
    return paired && bytes.suffix(2) == [0x0D, 0x0A]
      && bytes.allSatisfy { (0x20...0x7E).contains($0) || $0 == 0x0D || $0 == 0x0A || $0 == 0x09 }
  }

  func hasLine(startingWith prefix: String) -> Bool {
    lines.contains { $0.starts(with: prefix.utf8) }
  }

  static func base64(_ text: String) -> [UInt8]? { Data(base64Encoded: text).map { [UInt8]($0) } }
}
