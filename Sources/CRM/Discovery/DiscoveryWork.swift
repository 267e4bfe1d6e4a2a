import Postgres

/// Does the jobs of discovery: proposes questions for a lead, and places what people wrote.
///
/// The model is asked between two transactions, never inside one. What it costs and says is logged
/// first, in a transaction of its own: nothing that comes of it later can take the bill back. The last
/// write ends the job, so that no other worker pays for it again.
package struct DiscoveryWork: JobWork, Sendable {
  package let kind = Job.Kind.questions
  private let gateway: AIGateway

  package init(_ gateway: AIGateway) { self.gateway = gateway }

  package func run(
    _ job: LeasedJob, on database: Database, mayGoOn: @escaping @Sendable () -> Bool
  ) throws -> JobEnd {
    do {
      guard let text = try JSONValue(parsing: Array(job.parameters.utf8))["lead"]?.string else {
        return try propose(job, on: database)
      }
      guard let lead = ID<Lead>(text) else { throw NotFound() }
      return try place(lead, job, on: database)
    } catch is NotFound {
      return .failed(Self.leadGone)
    }
  }

  private func propose(_ job: LeasedJob, on database: Database) throws -> JobEnd {
    let lead = try job.subject(Lead.self)
    let stock = try Material.Stock(lead, for: job, on: database)
    guard stock.questions.count(where: { $0.status == .proposed }) <= Question.proposedMax else {
      return .failed(Question.tooManyProposed)
    }
    let material = Material(stock)
    let (_, bank) = try database.read(
      as: job, BankQuestion.candidates(near: Playbook.place(material.context), for: lead))
    let asking = QuestionRequest(material: material, bank: bank, locale: stock.locale)
    let reply = gateway.ask(
      asking.request, sources: material.sources, pseudonyms: material.pseudonyms,
      tokensLeft: stock.budget.tokensLeft)
    switch reply.result {
    case .failure(let status):
      try database.write(as: job) { tx in
        AIAction.log(reply.attempts, about: lead, in: tx)
        // A code, not a sentence: the page says it in the reader's language.
        tx.finish(job, failure: status.rawValue)
      }
      return .settled
    case .success(let answer):
      let proposals = asking.proposals(in: answer)
      let placed = Placing(material, proposals).run(
        gateway, tokensLeft: stock.budget.tokensLeft - reply.tokens)
      try database.write(as: job) { tx in
        AIAction.log(reply.attempts + placed.attempts, about: lead, in: tx)
      }
      do {
        try database.write(as: job) { tx in
          let added = try reply.attempts.last.map { try save(proposals, placed, $0, lead, in: tx) }
          placed.save(for: lead, in: tx)
          tx.finish(job, done: added ?? 0)
        }
        return .settled
      } catch let error as PostgresError where error.constraint == "proposals_lead" {
        return .failed(Self.leadGone)
      } catch let error as PostgresError where error.constraint == "proposals_max" {
        return .failed(Question.tooManyProposed)
      }
    }
  }

  private static let leadGone = "lead_gone"

  /// How many of them were new.
  private func save(
    _ proposals: [QuestionRequest.Proposal], _ placed: Placing.Result, _ action: AIAction,
    _ lead: ID<Lead>, in tx: Transaction<LeasedJob>
  ) throws -> Int {
    guard !proposals.isEmpty else { return 0 }
    let origin: Question.Origin = gateway.provider.isMetered ? .ai : .playbook
    let entries = proposals.map { $0.json(placed.proposals[$0.id], placed.model) }
    let (_, added) = try tx.look(
      Query(
        "Question.propose",
        "select app.propose_questions(\(action.id), \(origin), \(JSON.array(entries)))",
        only: { try $0.next(Int.self) }))
    tx.record(.questionsGenerated(action.id, for: lead, origin: origin, count: added))
    return added
  }

  private func place(
    _ lead: ID<Lead>, _ job: LeasedJob, on database: Database
  ) throws -> JobEnd {
    let stock = try Material.Stock(lead, for: job, on: database)
    let placed = Placing(Material(stock), []).run(gateway, tokensLeft: stock.budget.tokensLeft)
    try database.write(as: job) { tx in
      AIAction.log(placed.attempts, about: lead, in: tx)
      placed.save(for: lead, in: tx)
      tx.finish(job, failure: placed.failure?.rawValue)
    }
    return .settled
  }
}

extension AIGateway.Reply {
  var tokens: Int { attempts.reduce(0) { $0 + $1.inputTokens + $1.outputTokens } }
}
