import Secrets

/// Tells whether something still says what a page showed of it; for what has no revision.
enum Mark {
  /// Of texts in their order.
  static func of(_ texts: [String]) -> String {
    let bytes = Array(texts.joined(separator: "\u{1F}").utf8)
    return Hex.encode(Array(Sodium.sha256(bytes).prefix(8)))
  }
}
