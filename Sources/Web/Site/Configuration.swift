import CRM
import HTTP

/// What the site has to be told from outside.
package struct SiteConfiguration: Sendable {
  /// Where people reach the site, such as `https://crm.example`; what a form's Origin must equal.
  package let publicURL: String
  package let release: String
  /// The schema that this release brings.
  package let schema: SchemaState

  package init(publicURL: String, release: String, schema: SchemaState) {
    self.publicURL = publicURL
    self.release = release
    self.schema = schema
  }

  /// Browsers drop secure cookies on plain http, which is only used on loopback.
  var isSecure: Bool { publicURL.utf8.starts(with: "https://".utf8) }

  func cookie(_ name: String, _ value: String, sameSite: Cookie.SameSite, maxAge: Int? = nil)
    -> Cookie
  {
    Cookie(cookieName(name), value, maxAgeSeconds: maxAge, sameSite: sameSite, isSecure: isSecure)
  }

  func cookieName(_ name: String) -> String { isSecure ? "__Host-\(name)" : name }
}
