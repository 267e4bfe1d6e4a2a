import CRM
import HTTP
import HTTPTypes
import Postgres
import Templating

/// The question bank: what is worth asking again, and what came of it.
enum BankPages {
  static func add(to router: inout Router<Answer>) {
    router.get("/settings/questions", .may(.administer), list)
    router.post("/settings/questions", .may(.administer), add)
    router.post("/settings/questions/starter", .may(.administer), start)
    router.get("/settings/questions/{id}", .may(.administer), show)
    router.post("/settings/questions/{id}", .may(.administer), save)
    router.post("/settings/questions/{id}/retirement", .may(.administer)) {
      try retire($0, true)
    }
    router.post("/settings/questions/{id}/restoration", .may(.administer)) {
      try retire($0, false)
    }
  }

  private static func list(_ visit: Visit) throws -> Response { try list(visit, returned: nil) }

  private static func list(_ visit: Visit, returned: QuestionForm?) throws -> Response {
    let query = visit.request.query
    let words = try query.value("q").map { $0.trimmed }.flatMap { $0.isEmpty ? nil : $0 }
    let isRetired = try query.value("retired") != nil
    let after = try visit.queryID("after", of: BankQuestion.self)
    let records =
      words.map { BankQuestion.nearest(to: $0) }
      ?? BankQuestion.page(isRetired: isRetired, after: after)
    let (desk, found, facts) = try visit.read(records, Fact.all())
    let page = BankPage(
      desk, found, facts, words: words, isRetired: isRetired, isFirst: after == nil,
      returned: returned)
    return try visit.page(page, desk, status: returned == nil ? .ok : .unprocessableContent)
  }

  private static func add(_ visit: Visit) throws -> Response {
    var form = try QuestionForm(visit.request.form)
    guard let details = form.bankQuestion else { return try list(visit, returned: form) }
    do {
      return try visit.post { tx in
        BankQuestion.add(details, in: tx)
        return Links.said(Links.bank, .settingSaved)
      }
    } catch let error as PostgresError {
      guard let refusal = BankQuestion.Refusal(error) else { throw error }
      form.explain(refusal)
      return try list(visit, returned: form)
    }
  }

  /// Puts the usual questions into an empty bank, in the tenant's language.
  private static func start(_ visit: Visit) throws -> Response {
    try visit.post { tx in
      BankQuestion.addStarter(in: tx)
      return Links.said(Links.bank, .settingSaved)
    }
  }

  private static func show(_ visit: Visit) throws -> Response { try show(visit, returned: nil) }

  private static func show(
    _ visit: Visit, returned: QuestionForm?, seen: String? = nil, isOvertaken: Bool = false
  ) throws -> Response {
    let (desk, question, facts) = try visit.read(
      BankQuestion.find(try visit.id(BankQuestion.self)), Fact.all())
    guard let question else { throw NotFound() }
    let page = BankQuestionPage(
      desk, question, facts, returned: returned, seen: seen, isOvertaken: isOvertaken)
    return try visit.page(
      page, desk, status: isOvertaken ? .conflict : returned == nil ? .ok : .unprocessableContent)
  }

  private static func save(_ visit: Visit) throws -> Response {
    let id = try visit.id(BankQuestion.self)
    let posted = try visit.request.form
    var form = try QuestionForm(posted)
    let mark = try posted.value("seen")
    guard let details = form.bankQuestion else {
      return try show(visit, returned: form, seen: mark)
    }
    do {
      return try visit.post { tx in
        try BankQuestion.edit(id, details, seen: mark, in: tx)
        return Links.said(Links.bank, .settingSaved)
      }
    } catch is SettingChanged {
      return try show(visit, returned: form, isOvertaken: true)
    } catch let error as PostgresError {
      guard let refusal = BankQuestion.Refusal(error) else { throw error }
      form.explain(refusal)
      return try show(visit, returned: form, seen: mark)
    }
  }

  private static func retire(_ visit: Visit, _ isRetired: Bool) throws -> Response {
    let id = try visit.id(BankQuestion.self)
    do {
      return try visit.post { tx in
        try BankQuestion.retire(id, isRetired, in: tx)
        return Links.said(Links.bank, .settingSaved)
      }
    } catch let error as PostgresError {
      // Another question with these words took its place meanwhile.
      guard BankQuestion.Refusal(error) == .alreadyThere else { throw error }
      return ErrorPages.page(.conflict, visit)
    }
  }
}

struct BankPage: Page {
  let desk: Desk
  let form: QuestionForm
  let isFormOpen: Bool
  let rows: [Row]
  let words: String?
  let isRetired: Bool
  let newestURL: String?
  let olderURL: String?

  init(
    _ desk: Desk, _ found: [BankQuestion.Record], _ facts: [Fact], words: String?,
    isRetired: Bool, isFirst: Bool, returned: QuestionForm?
  ) {
    self.desk = desk
    var form = returned ?? QuestionForm()
    form.facts = facts
    self.form = form
    isFormOpen = returned != nil
    rows = found.prefix(BankQuestion.pageSize).map(Row.init)
    self.words = words
    self.isRetired = isRetired
    let state: [(name: String, value: String?)] = [("retired", isRetired ? "1" : nil)]
    newestURL = isFirst ? nil : Links.list(Links.bank, state)
    olderURL =
      found.count > BankQuestion.pageSize
      ? Links.list(
        Links.bank,
        state + [("after", found[BankQuestion.pageSize - 1].question.id.description)]) : nil
  }

  struct Row: Templated {
    let record: BankQuestion.Record

    static let keys = Keys<Row>()
      .text("bank_id") { $0.record.question.id.description }
      .text("bank_text") { $0.record.question.details.text }
      .text("bank_rationale") { $0.record.question.details.rationale }
      .text("bank_category") { $0.record.question.details.category.words }
      .text("bank_fact") { $0.record.question.factName }
      .text("times_asked", \.record.timesAsked).text("times_answered", \.record.timesAnswered)
      .text("led_to_proposal", \.record.ledToProposal)
      .text("nearness") { row in row.record.distancePercent.map { max(0, 100 - $0) } }
  }

  static let template = "settings/questions"
  static let keys = Keys<BankPage>().include(\.desk).include(\.form)
    .list("settings_links") { _ in SettingsTab.questions.links }
    .flag("form_open", \.isFormOpen).text("q") { $0.words ?? "" }
    .flag("is_searched") { $0.words != nil }.flag("is_retired", \.isRetired)
    .flag("is_current") { !$0.isRetired && $0.words == nil }
    .list("bank", \.rows).flag("has_bank") { !$0.rows.isEmpty }
    .flag("none_yet") { $0.rows.isEmpty && $0.words == nil && !$0.isRetired && $0.newestURL == nil }
    .flag("none_match") { $0.rows.isEmpty && ($0.words != nil || $0.isRetired) }
    .flag("has_pages") { $0.newestURL != nil || $0.olderURL != nil }
    .text("newest_url", \.newestURL).text("older_url", \.olderURL)
}

struct BankQuestionPage: Page {
  let desk: Desk
  let question: BankQuestion
  let form: QuestionForm
  /// Of the wording that the form began with.
  let mark: String
  let conflict: Conflict?

  init(
    _ desk: Desk, _ question: BankQuestion, _ facts: [Fact], returned: QuestionForm?, seen: String?,
    isOvertaken: Bool
  ) {
    self.desk = desk
    self.question = question
    let details = question.details
    let saved = QuestionForm(
      text: details.text, rationale: details.rationale, category: details.category,
      fact: details.fact)
    var form = returned ?? saved
    form.facts = facts
    self.form = form
    mark = returned == nil || isOvertaken ? details.mark : seen ?? ""
    conflict =
      isOvertaken
      ? .settings(
        form.differences(from: saved, factName: question.factName)) : nil
  }

  static let template = "settings/question"
  static let keys = Keys<BankQuestionPage>().include(\.desk).include(\.form)
    .text("bank_id") { $0.question.id.description }
    .text("seen", \.mark).object("conflict", \.conflict)
    .text("bank_text", \.question.details.text).flag("retired", \.question.isRetired)
}
