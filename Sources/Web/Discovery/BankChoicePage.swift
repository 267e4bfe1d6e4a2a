import CRM
import HTTP
import Postgres
import Templating

/// The question bank as whoever works on a lead sees it: to choose from.
struct BankChoicePage: Page {
  let desk: Desk
  let lead: Lead
  let rows: [BankPage.Row]
  let words: String?

  static let template = "discovery/bank"
  static let keys = Keys<BankChoicePage>().include(\.desk)
    .text("lead_id") { $0.lead.id.description }.text("lead_title", \.lead.title)
    .text("q") { $0.words ?? "" }.flag("is_searched") { $0.words != nil }
    .list("bank", \.rows).flag("has_bank") { !$0.rows.isEmpty }

  static func show(_ visit: Visit) throws -> Response {
    let id = try visit.id(Lead.self)
    let words = try visit.request.query.value("q").map { $0.trimmed }
      .flatMap { $0.isEmpty ? nil : $0 }
    let (desk, lead, found) = try visit.read(
      Lead.find(id), BankQuestion.offered(to: id, words: words))
    guard let lead, lead.life != .deleted else { throw NotFound() }
    return try visit.page(
      BankChoicePage(desk: desk, lead: lead, rows: found.map(BankPage.Row.init), words: words),
      desk)
  }

  static func add(_ visit: Visit) throws -> Response {
    let id = try visit.id(Lead.self)
    guard let bank = try visit.request.form.value("bank").flatMap(ID<BankQuestion>.init) else {
      throw NotFound()
    }
    do {
      return try visit.post { tx in
        try Question.add(bank, to: id, in: tx)
        return Links.discovery(id, .questionAdded)
      }
    } catch let error as PostgresError where Question.Refusal(error) == .alreadyThere {
      // Somebody else was quicker: it is there, which is what was wanted.
      return try .seeOther(Links.discovery(id))
    }
  }
}
