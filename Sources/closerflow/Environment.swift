import CRM
import FastCGI
import Glibc
import Logging
import Mail
import Postgres
import Spool
import Templating
import Web

/// The environment as settings. What is wrong is collected, so that one start tells all of it.
struct Environment {
  private(set) var problems: [String] = []
  private let lookUp: (String) -> String?

  init(_ lookUp: @escaping (String) -> String? = { getenv($0).map { String(cString: $0) } }) {
    self.lookUp = lookUp
  }

  /// Throws everything that was found wrong so far.
  func refuseProblems() throws {
    guard problems.isEmpty else {
      throw Failure(.configuration, problems.joined(separator: "\ncloserflow: "))
    }
  }

  /// Nil for a variable that is unset or empty.
  func optional(_ name: String) -> String? {
    lookUp(name).flatMap { $0.isEmpty ? nil : $0 }
  }

  mutating func add(_ problem: String) { problems.append(problem) }

  private mutating func required(_ name: String, for what: String) -> String? {
    let value = optional(name)
    if value == nil { add("\(name) is not set: \(what)") }
    return value
  }
}

// MARK: - Database and files

extension Environment {
  mutating func databaseURL() -> String? {
    required("DATABASE_URL", for: "such as postgresql:///closerflow?host=/run/postgresql")
      .flatMap { checkedDatabaseURL($0, "DATABASE_URL") }
  }

  /// The sign-in role's own way to the database, where its password differs.
  mutating func signInDatabaseURL(orElse databaseURL: String?) -> String? {
    optional("SIGN_IN_DATABASE_URL").map { checkedDatabaseURL($0, "SIGN_IN_DATABASE_URL") }
      ?? databaseURL
  }

  private mutating func checkedDatabaseURL(_ url: String, _ name: String) -> String? {
    let isKnown =
      ["postgresql://", "postgres://"].contains { url.utf8.starts(with: $0.utf8) }
      || url.utf8.contains(UInt8(ascii: "="))
    if !isKnown { add("\(name) begins with postgresql:// or holds key=value pairs") }
    return isKnown ? url : nil
  }

  /// The directory of the migrations, and the schema that they make.
  mutating func migrations() -> (directory: String, schema: SchemaState)? {
    guard let directory = directory("MIGRATIONS", for: "the directory of the *.sql migrations")
    else { return nil }
    do {
      let schema = try SchemaState(ofRelease: directory)
      if schema.newest != nil { return (directory, schema) }
      add("MIGRATIONS: there is no migration in \(directory)")
    } catch {
      add("MIGRATIONS: \(error)")
    }
    return nil
  }

  mutating func templates(reload: Bool = false) -> Templates? {
    guard let directory = directory("TEMPLATES", for: "the directory of the pages' templates")
    else { return nil }
    do {
      return try Templates(directory: directory, pages: Site.pages, reload: reload)
    } catch {
      for error in error.all { add("TEMPLATES: \(error)") }
      return nil
    }
  }

  mutating func assets() -> Assets? {
    guard let path = required("ASSETS", for: "the manifest that names the static files") else {
      return nil
    }
    switch TextFile.read(path) {
    case .success(let manifest): return Assets(manifest: manifest)
    case .failure(let problem):
      add("ASSETS: \(problem)")
      return nil
    }
  }

  /// Where files that are too long for memory lie while they are read, made or fetched.
  mutating func spool() -> Spool {
    let path = optional("SPOOL") ?? "/var/tmp"
    if !isDirectory(path) || access(path, W_OK) != 0 {
      add("SPOOL: \(path) is no directory that can be written")
    }
    let megabytes = optional("SPOOL_MB") ?? "2048"
    guard let count = Int(megabytes), (64...1_048_576).contains(count) else {
      add("SPOOL_MB is 64 to 1048576")
      return Spool(directory: path, bytesMax: 0)
    }
    return Spool(directory: path, bytesMax: count << 20)
  }

  private mutating func directory(_ name: String, for what: String) -> String? {
    guard let path = required(name, for: what) else { return nil }
    guard isDirectory(path) else {
      add("\(name): \(path) is no directory that can be read")
      return nil
    }
    return path
  }

  private func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}

// MARK: - Site

extension Environment {
  mutating func publicURL() -> String? {
    guard let url = required("PUBLIC_URL", for: "where people reach the site") else { return nil }
    if let problem = PublicURL.problem(of: url) {
      add("PUBLIC_URL \(problem)")
      return nil
    }
    return url
  }

  mutating func logLevel() -> Logger.Level {
    guard let name = optional("LOG_LEVEL") else { return .info }
    guard let level = Logger.Level(rawValue: name) else {
      let known = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
      add("LOG_LEVEL is one of \(known)")
      return .info
    }
    return level
  }
}

// MARK: - Mail

extension Environment {
  mutating func mailTransport() -> SMTPTransport? {
    let url = required("SMTP_URL", for: "such as smtp://mail.example:587")
    let password = mailPassword()
    let requiresTLS = mailRequiresTLS(url)
    guard let url else { return nil }
    guard MailServer(url) != nil else {
      add("SMTP_URL is smtp://host:port or smtps://host:port, in lower case")
      return nil
    }
    do {
      return try SMTPTransport(
        url: url, username: optional("SMTP_USERNAME"), password: password,
        requireTLS: requiresTLS, authorityFile: optional("SMTP_CA_FILE"))
    } catch {
      add("SMTP_URL: \(error)")
      return nil
    }
  }

  private mutating func mailPassword() -> String? {
    guard let path = optional("SMTP_PASSWORD_FILE") else {
      if optional("SMTP_USERNAME") != nil { add("SMTP_USERNAME needs SMTP_PASSWORD_FILE") }
      return nil
    }
    if optional("SMTP_USERNAME") == nil { add("SMTP_PASSWORD_FILE needs SMTP_USERNAME") }
    switch TextFile.read(path) {
    case .success(let text): return TextFile.withoutLineEnd(text)
    case .failure(let problem):
      add("SMTP_PASSWORD_FILE: \(problem)")
      return nil
    }
  }

  /// Only a mail server on this machine is spoken to in the open unless told so.
  private mutating func mailRequiresTLS(_ url: String?) -> Bool {
    switch optional("SMTP_REQUIRE_TLS") {
    case "true": return true
    case "false": return false
    case nil: return !(url.flatMap { MailServer($0) }?.isLoopback ?? false)
    default:
      add("SMTP_REQUIRE_TLS is true or false")
      return true
    }
  }
}
