import ArgumentParser
import Glibc
import Postgres

/// `closerflow migrate`: brings the schema to what this release needs.
struct Migrate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Bring the database's schema up to date.",
    discussion: """
      Reads DATABASE_URL and MIGRATIONS; signs in as closerflow_migrate unless the URL names somebody.
      """,
    subcommands: [Up.self, Status.self, Verify.self, Down.self, New.self])

  fileprivate static func migrator() throws -> Migrator {
    var environment = Environment()
    let url = environment.databaseURL()
    let migrations = environment.migrations()
    try environment.refuseProblems()
    guard let url, let migrations else {
      preconditionFailure("A setting that is missing is a problem.")
    }
    return Migrator(
      url, directory: migrations.directory, runnerVersion: Release.version,
      report: { line in
        print(line)
        fflush(nil)
      })
  }
}

extension Migrate {
  struct Up: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Apply every migration that is not applied yet, and the functions as their files say.")

    @Flag(
      name: .customLong("back"),
      help:
        "Roll back to this release: put back its functions, and leave what newer migrations made.")
    var isGoingBack = false

    func run() throws {
      let steps = try migrator().up(goingBack: isGoingBack)
      if steps.isEmpty { print("nothing to apply") }
    }
  }

  struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "List the migrations and whether they are applied, and functions that are not as their files say."
    )

    func run() throws {
      let migrator = try migrator()
      let rows = try migrator.status()
      for row in rows { print("\(row.version)_\(row.name)  \(words(for: row.state))") }
      let stale = try migrator.staleFunctions()
      for path in stale { print("\(path)  pending") }
      if stale.isEmpty { print("functions  as their files say") }
      let conflicts = rows.count { if case .conflict = $0.state { true } else { false } }
      guard conflicts == 0 else {
        throw Failure(
          .refused,
          "files and history contradict each other in \(conflicts) place\(conflicts == 1 ? "" : "s")"
        )
      }
    }

    private func words(for state: Migrator.Status.State) -> String {
      switch state {
      case .applied(let time): "applied \(time)"
      case .pending: "pending"
      case .conflict(let conflict): "CONFLICT: \(conflict)"
      }
    }
  }

  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Compare files with history, and the schema with the rules; change nothing.")

    func run() throws {
      let findings = try migrator().verify()
      guard findings.isEmpty else {
        for finding in findings { print(finding) }
        throw Failure(.refused, "\(findings.count) finding\(findings.count == 1 ? "" : "s")")
      }
      print("files, history and schema agree")
    }
  }

  struct Down: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take the newest migration down; refuses where data would be lost.")

    @Flag(
      name: .customLong("accept-data-loss"), help: "Do it though tables or columns hold something.")
    var acceptsDataLoss = false

    func run() throws {
      _ = try migrator().down(acceptingDataLoss: acceptsDataLoss)
    }
  }

  struct New: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write an empty migration with the next number, or the file of a new function.")

    @Argument(
      help:
        "What it does, such as add_tags; or the function's feature and name, such as leads/find_leads."
    )
    var name: String

    func run() throws {
      var environment = Environment()
      let migrations = environment.migrations()
      try environment.refuseProblems()
      guard let migrations else {
        preconditionFailure("A setting that is missing is a problem.")
      }
      let file = try Migrator.new(name, in: migrations.directory)
      print("\(migrations.directory)/\(file)")
    }
  }
}
