/// Reads the `Cookie` request header (RFC 6265, section 4.2.1).
enum CookieHeader {
  /// The value of the cookie with this name, nil when it is absent. Given twice, one of them was
  /// planted by another path or host, and nobody can say which: a 400.
  static func value(of name: String, in header: String) throws(ClientError) -> String? {
    var found: String?
    for pair in header.utf8.split(separator: ASCII.semicolon) {
      let trimmed = pair.drop { $0 == ASCII.space || $0 == ASCII.tab }
      guard let equals = trimmed.firstIndex(of: ASCII.equals),
        trimmed[..<equals].elementsEqual(name.utf8)
      else { continue }
      guard found == nil else { throw .badRequest("a cookie is given twice") }
      found = try value(trimmed[trimmed.index(after: equals)...])
    }
    return found
  }

  private static func value(_ bytes: Substring.UTF8View) throws(ClientError) -> String {
    var value = Array(bytes)
    while value.last == ASCII.space || value.last == ASCII.tab { value.removeLast() }
    if value.count >= 2, value.first == ASCII.quote, value.last == ASCII.quote {
      value = Array(value.dropFirst().dropLast())
    }
    guard value.allSatisfy(Cookie.isValueByte) else {
      throw .badRequest("a cookie of ours holds a byte that no cookie may hold")
    }
    return String(decoding: value, as: UTF8.self)
  }
}

/// A cookie for `Set-Cookie`. Always HttpOnly: no script of ours reads one.
package struct Cookie: Sendable {
  package enum SameSite: String, Sendable { case lax = "Lax", strict = "Strict" }

  package let name: String
  package let value: String
  /// Nil lasts until the browser closes; 0 removes the cookie.
  package var maxAgeSeconds: Int?
  package var sameSite: SameSite
  /// False only on plain loopback http, where a browser would drop a secure cookie.
  package var isSecure: Bool

  package init(
    _ name: String, _ value: String, maxAgeSeconds: Int? = nil, sameSite: SameSite = .lax,
    isSecure: Bool = true
  ) {
    precondition(
      !name.isEmpty && name.utf8.allSatisfy(Self.isNameByte), "A cookie's name is a token.")
    precondition(
      isSecure
        || !name.utf8.starts(with: "__Host-".utf8) && !name.utf8.starts(with: "__Secure-".utf8),
      "Browsers drop a __Host- or __Secure- cookie that is not secure.")
    self.name = name
    self.value = value
    self.maxAgeSeconds = maxAgeSeconds
    self.sameSite = sameSite
    self.isSecure = isSecure
  }

  /// Throws when the value holds a byte outside RFC 6265's cookie-octet.
  func headerValue() throws(InvalidHeader) -> String {
    guard value.utf8.allSatisfy(Self.isValueByte) else {
      throw InvalidHeader(name: "Set-Cookie")
    }
    var header = "\(name)=\(value); Path=/"
    if isSecure { header += "; Secure" }
    header += "; HttpOnly; SameSite=\(sameSite.rawValue)"
    if let maxAgeSeconds { header += "; Max-Age=\(maxAgeSeconds)" }
    return header
  }

  static func isValueByte(_ byte: UInt8) -> Bool {
    switch byte {
    case ASCII.quote, UInt8(ascii: ","), ASCII.semicolon, ASCII.backslash: false
    default: ASCII.isVisible(byte)
    }
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."): true
    default: ASCII.isLetter(byte) || ASCII.isDigit(byte)
    }
  }
}
