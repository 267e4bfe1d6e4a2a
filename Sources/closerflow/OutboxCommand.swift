import ArgumentParser
import CRM
import Postgres

/// `closerflow outbox`: what is on its way, and what waits for a person.
struct OutboxCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "outbox", abstract: "Show deliveries, and settle those that stand still.",
    discussion: "Reads DATABASE_URL; signs in as closerflow_migrate unless the URL names somebody.",
    subcommands: [Status.self, Resolve.self])
}

extension OutboxCommand {
  struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Count deliveries by state, and list those that wait for a person.")

    @Option(help: "Only this tenant's.")
    var tenant: String?

    func run() throws {
      let desk = try OperatorDesk()
      let tenant = try tenant.map(desk.tenant)
      let (_, counts, standing) = try desk.database.read(
        as: Operator(), OutboxOverview.counts(in: tenant), OutboxOverview.standing(in: tenant))
      for state in Delivery.State.allCases {
        guard let found = counts.first(where: { $0.state == state }) else { continue }
        print("\(state.rawValue)  \(found.count), oldest approved \(found.oldest.minute) UTC")
      }
      if counts.isEmpty { print("nothing was approved yet") }
      if !standing.isEmpty { print("\nThese wait for a person (`closerflow outbox resolve`):") }
      for delivery in standing {
        let count = "\(delivery.attempts) attempt\(delivery.attempts == 1 ? "" : "s")"
        print(
          "\(delivery.id)  \(delivery.tenantSlug)  \(delivery.state.rawValue) since "
            + "\(delivery.since.minute) UTC, \(count): \(delivery.reason ?? "no reason known")")
      }
      if standing.count == OutboxOverview.standingMax { print("… and perhaps more") }
    }
  }

  struct Resolve: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say what became of a delivery that stands still.",
      discussion: """
        A doubtful one may have arrived: ask the recipient, or look for its Message-ID in the mail \
        server's log, before you send it again.
        """)

    @Argument(help: "The delivery's id, as `closerflow outbox status` shows it.")
    var delivery: ID<Delivery>

    @Flag(help: "What to do with it.")
    var resolution: Delivery.Resolution

    @Option(help: "Why; kept in the history.")
    var comment: String

    func validate() throws {
      guard (1...500).contains(comment.unicodeScalars.count) else {
        throw ValidationError("--comment has 1 to 500 characters.")
      }
    }

    func run() throws {
      let desk = try OperatorDesk()
      guard let place = try desk.look(OutboxOverview.place(of: delivery)) else {
        throw Failure(.refused, "there is no delivery \(delivery)")
      }
      do {
        try desk.write(for: place.tenant) { tx in
          try Delivery.resolve(delivery, as: resolution, comment: comment, in: tx)
        }
      } catch let error as PostgresError {
        guard Delivery.Refusal(error) != nil else { throw error }
        let state = try desk.look(OutboxOverview.place(of: delivery))?.state ?? place.state
        throw Failure(.refused, "that cannot be said of a delivery that is \(state.rawValue)")
      }
      print("\(delivery) \(resolution.outcome)")
    }
  }
}

extension ID: ExpressibleByArgument where Subject == Delivery {
  package init?(argument: String) { self.init(argument) }
}

extension Delivery.Resolution: EnumerableFlag {
  package static let allCases: [Delivery.Resolution] = [.arrived, .sendAgain, .cancel]

  package static func help(for value: Delivery.Resolution) -> ArgumentHelp? {
    switch value {
    case .arrived: "The recipient has it."
    case .sendAgain: "Send it once more; if it arrived after all, it arrives twice."
    case .cancel: "Leave it unsent."
    }
  }

  fileprivate var outcome: String {
    switch self {
    case .arrived: "is settled as sent"
    case .sendAgain: "is due again"
    case .cancel: "is cancelled"
    }
  }
}
