import ArgumentParser
import CRM
import Glibc
import Postgres
import Templating

/// `closerflow check`: what is wrong with this installation, and how to mend it.
struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Look at settings, database, roles, schema, clock, templates, phone numbers, mail and AI.",
    discussion: """
      Prints a line for each thing, "ok …" or "WRONG … — mend it with …", and ends with 78 when \
      anything is wrong. Reads what serve, work and migrate read; changes nothing, sends nothing.
      """)

  @Option(help: "The socket that `serve` will listen on: its directory is looked at too.")
  var socket: String?

  @Option(
    name: .customLong("role"),
    help: """
      A role that this system user signs in as: migrate, web, sign-in or worker; may be repeated. The others it must not \
      be (default: all four are its own).
      """)
  var roles: [LoginRole] = []

  func run() throws {
    var report = CheckReport()
    var environment = Environment()
    let settings = CheckedSettings(&environment)
    report.settings(environment)
    if let url = settings.databaseURL {
      report.database(
        url, signInURL: settings.signInURL ?? url,
        roles: roles.isEmpty ? LoginRole.allCases : roles)
      if roles.isEmpty || roles.contains(.migrate), let directory = settings.migrations {
        report.schema(url, directory: directory)
      }
    }
    if let server = settings.mailServer { report.mail(server) }
    report.phones()
    if environment.problems.isEmpty { report.models(settings.modelServer) }
    if let socket { report.directory(of: socket) }
    guard report.wrongs == 0 else {
      throw Failure(
        .configuration, "\(report.wrongs) thing\(report.wrongs == 1 ? "" : "s") to mend")
    }
  }
}

extension LoginRole: ExpressibleByArgument {
  public init?(argument: String) {
    guard
      let role = Self.allCases.first(where: {
        $0.rawValue == "closerflow_" + argument.replacing("-", with: "_")
      })
    else { return nil }
    self = role
  }
}

/// What the environment says to any of the commands.
private struct CheckedSettings {
  let databaseURL: String?
  let signInURL: String?
  let migrations: String?
  let mailServer: MailServer?
  /// Nil for the playbook.
  let modelServer: OpenAICompatible?

  init(_ environment: inout Environment) {
    databaseURL = environment.databaseURL()
    signInURL = environment.signInDatabaseURL(orElse: databaseURL)
    _ = environment.publicURL()
    _ = environment.templates()
    _ = environment.assets()
    migrations = environment.migrations()?.directory
    _ = environment.mailTransport()
    _ = environment.logLevel()
    mailServer = environment.optional("SMTP_URL").flatMap { MailServer($0) }
    modelServer = environment.aiGateway()?.provider as? OpenAICompatible
  }
}

/// Prints each finding as it is made, and counts the wrong ones.
struct CheckReport {
  private(set) var wrongs = 0

  mutating func tell(_ isRight: Bool, _ what: String, mend: @autoclosure () -> String) {
    if isRight {
      print("ok     \(what)")
    } else {
      wrong(what, mend: mend())
    }
  }

  mutating func wrong(_ what: String, mend: String) {
    wrongs += 1
    print("WRONG  \(what) — mend it with \(mend)")
  }
}

extension CheckReport {
  mutating func settings(_ environment: Environment) {
    for problem in environment.problems {
      wrong(problem, mend: "the environment of the process; docs/operations.md lists the settings")
    }
    if environment.problems.isEmpty { tell(true, "settings, templates, static files", mend: "") }
  }

  mutating func directory(of socket: String) {
    let slash = socket.utf8.lastIndex(of: UInt8(ascii: "/"))
    let directory =
      slash.map { $0 == socket.startIndex ? "/" : String(socket[..<$0]) } ?? "."
    var status = stat()
    guard stat(directory, &status) == 0 else {
      return wrong("\(directory) is not there", mend: "mkdir -m 0750 \(directory)")
    }
    let isOurs = status.st_uid == geteuid() || status.st_uid == 0
    let isClosed = status.st_mode & 0o027 == 0 && isOurs
    tell(
      isClosed, "\(directory) \(isClosed ? "lets nobody else in" : "is open to others")",
      mend: "chmod 0750 \(directory), owned by the user that serves")
  }

  /// The libraries are linked; without them the program would not have started.
  mutating func phones() {
    let isRight = PhoneNumber("06 12 34 56 78", in: PhoneRegion("FR"))?.text == "+33612345678"
    tell(
      isRight, "libphonenumber \(isRight ? "reads" : "misreads") telephone numbers",
      mend: "apt-get install --reinstall libphonenumber8")
  }

  mutating func mail(_ server: MailServer) {
    let problem = MailGreeting.problem(of: server)
    tell(
      problem == nil,
      "the mail server \(server.host):\(server.port) \(problem.map { "— \($0)" } ?? "answers")",
      mend: "SMTP_URL, the firewall, or the mail server itself")
  }
}

extension CheckReport {
  mutating func models(_ server: OpenAICompatible?) {
    guard let server else {
      return tell(true, "AI: the built-in playbook; no server is set", mend: "")
    }
    let problem = server.problem()
    tell(
      problem == nil,
      "AI: the server of \(server.model) \(problem.map { "— \($0)" } ?? "answers"), embeddings by \(server.embeddingModel)",
      mend: "AI_BASE_URL, AI_API_KEY_FILE, the firewall, or the server itself")
  }
}

// MARK: - Database

extension CheckReport {
  mutating func database(_ url: String, signInURL: String, roles: [LoginRole]) {
    for role in LoginRole.allCases where !roles.contains(role) {
      let other = Database(url, user: role.rawValue, applicationName: "closerflow check")
      // How it is refused does not matter, only that it is.
      let isRefused = (try? other.call(ConnectedRole.current)) == nil
      tell(
        isRefused,
        "\(role.rawValue) \(isRefused ? "is not ours to sign in as" : "can be signed in as, too")",
        mend: "pg_ident.conf and pg_hba.conf: one system user for each process")
    }
    for role in roles {
      let database = Database(
        role == .signIn ? signInURL : url, user: role.rawValue,
        applicationName: "closerflow check")
      do {
        connected(try database.call(ConnectedRole.current), as: role)
        if role == .migrate { installation(try database.call(Installation.current)) }
      } catch let error as PostgresError {
        wrong(
          "\(role.rawValue) cannot sign in: \(oneLine(error.debugDescription))",
          mend: "deploy/postgres/bootstrap.sql, pg_hba.conf, or a password file (PGPASSFILE)")
      } catch {
        wrong("\(role.rawValue): \(error)", mend: "deploy/postgres/bootstrap.sql")
      }
    }
  }

  private mutating func connected(_ role: ConnectedRole, as wanted: LoginRole) {
    let objection = role.objection(to: wanted)
    // The migrator alone may become the owner.
    let isRight =
      objection == nil || wanted == .migrate && role.name == wanted.rawValue && !role.isUnfenced
    tell(
      isRight,
      isRight ? "\(wanted.rawValue) signs in and has no power it should not have" : objection ?? "",
      mend: "deploy/postgres/bootstrap.sql, and no other user's name in the URL")
  }

  private mutating func installation(_ found: Installation) {
    let version = "\(found.serverVersion / 10_000).\(found.serverVersion % 10_000)"
    tell(
      found.serverVersion >= Installation.serverVersionMin, "PostgreSQL is \(version)",
      mend: "PostgreSQL 17 or newer")
    tell(
      found.migratorMayOwn, "closerflow_migrate may become closerflow_owner",
      mend: "deploy/postgres/bootstrap.sql")
    let missing = Installation.extensionsNeeded.filter { !found.extensions.contains($0) }
    tell(
      missing.isEmpty,
      missing.isEmpty
        ? "the extensions are there"
        : "missing in schema extensions: \(missing.joined(separator: ", "))",
      mend: "deploy/postgres/bootstrap.sql, run as superuser")
    let skew = abs(time(nil) - found.clockSeconds)
    tell(
      skew < 60, "this clock and the database's are \(skew) s apart", mend: "NTP on both machines")
  }

  mutating func schema(_ url: String, directory: String) {
    let migrator = Migrator(url, directory: directory, runnerVersion: Release.version)
    do {
      let pending = try migrator.status().count { $0.state == .pending }
      tell(
        pending == 0,
        pending == 0 ? "every migration is applied" : "\(pending) migrations are not applied",
        mend: "closerflow migrate up")
      let stale = try migrator.staleFunctions().count
      tell(
        stale == 0,
        stale == 0
          ? "the functions are as their files say"
          : "\(stale) functions are not as their files say",
        mend: "closerflow migrate up")
      let findings = try migrator.verify()
      for finding in findings {
        wrong("\(finding)", mend: "closerflow migrate verify, then a migration")
      }
      if findings.isEmpty { tell(true, "files, history and schema agree", mend: "") }
    } catch {
      wrong(
        "the schema cannot be looked at: \(Failure(error).sentence)", mend: "what is said above")
    }
  }
}
