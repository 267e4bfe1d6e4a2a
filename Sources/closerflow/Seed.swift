import ArgumentParser
import CRM
import Secrets

/// `closerflow seed`: data to look at.
struct Seed: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Fill a database with data to look at.", subcommands: [DemoTenant.self])

  struct DemoTenant: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "demo",
      abstract: "A believable tenant: 200 leads in every stage, drafts waiting for review.",
      discussion: """
        Makes \(Demo.slug) with sales@, reviewer@ and admin@example.test. Where it is there already \
        the passwords are set and the data left as they are. Reads DATABASE_URL. Not for a database \
        with real customers: everybody who reads this knows the addresses.
        """)

    @Option(help: "The three people's password; else CLOSERFLOW_DEMO_PASSWORD.")
    var password: String?

    func run() throws {
      let password = try chosenPassword()
      let made = try Demo.seed(
        on: OperatorDesk().database, hash: { try PasswordHash.make(of: password) })
      print(
        made.leads == 0 && made.drafts == 0
          ? "\(Demo.slug) is complete; the passwords are set"
          : "\(Demo.slug) has \(made.leads) new leads and \(made.drafts) new drafts")
    }

    private func chosenPassword() throws -> String {
      guard let password = password ?? Environment().optional("CLOSERFLOW_DEMO_PASSWORD") else {
        throw Failure(
          .configuration, "CLOSERFLOW_DEMO_PASSWORD is not set, and no --password given")
      }
      if let refusal = PasswordPolicy.refusal(of: password) {
        throw Failure(.refused, "this password is not taken: \(refusal.words)")
      }
      return password
    }
  }
}
