import ArgumentParser
import Glibc

@main
struct CloserFlow: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "closerflow",
    abstract: "A sales desk where nothing leaves unread: serves the pages, sends the mail.",
    discussion: """
      Settings come from the environment; docs/operations.md lists them, `closerflow check` judges \
      them. Exit status: 0 done, 64 usage, 65 refused, 69 database or mail away, 70 internal, \
      77 not permitted, 78 configuration.
      """,
    version: Release.version,
    subcommands: [
      Serve.self, Work.self, Migrate.self, TenantCommand.self, UserCommand.self,
      OutboxCommand.self, Seed.self, Check.self,
    ])

  static func main() {
    forbidCoreDumps()
    var command: any ParsableCommand
    do {
      command = try parseAsRoot()
    } catch {
      exit(withError: error)
    }
    do {
      try command.run()
    } catch {
      // Asked for help, or misused: the parser's own words. Everything else it would call 1.
      if exitCode(for: error) != .failure { exit(withError: error) }
      Failure(error).end()
    }
  }
}

extension CloserFlow {
  /// What a process has in memory – passwords, letters, tickets – is written to no disk when it dies.
  private static func forbidCoreDumps() {
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
  }
}

enum Release {
  static let version = "0.1.0"
}
