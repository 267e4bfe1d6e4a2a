import HTTP
import HTTPTypes

/// What every answer of the site says about itself (docs/security.md).
enum SecurityHeaders {
  private static let all: [(HTTPField.Name, String)] = [
    (
      "Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
        + "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
        + "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    // Not no-referrer: browsers would then send "Origin: null" with our own forms.
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Embedder-Policy", "require-corp"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Origin-Agent-Cluster", "?1"),
    (
      "Permissions-Policy",
      "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
        + "microphone=(), payment=(), usb=()"
    ),
    ("Cache-Control", "no-store"),
  ].map { name, value in
    // The names are tokens; a misspelt one would fail the first request of the first test.
    (HTTPField.Name(name)!, value)
  }

  private static let strictTransport = HTTPField.Name("Strict-Transport-Security")!

  static func add(to response: inout Response, isSecure: Bool) {
    do {
      for (name, value) in all where response.header(name) == nil { try response.add(name, value) }
      if isSecure { try response.add(strictTransport, "max-age=63072000; includeSubDomains") }
    } catch {
      preconditionFailure("A header that stands in the source was refused: \(error)")
    }
  }
}
