import CRM
import HTTP
import HTTPTypes
import Postgres
import Templating

/// The facts that the coverage meter counts.
enum FactPages {
  static func add(to router: inout Router<Answer>) {
    router.get("/settings/facts", .may(.administer), list)
    router.post("/settings/facts", .may(.administer), add)
    router.get("/settings/facts/{id}", .may(.administer), show)
    router.post("/settings/facts/{id}", .may(.administer), save)
    router.post("/settings/facts/{id}/retirement", .may(.administer)) { try retire($0, true) }
    router.post("/settings/facts/{id}/restoration", .may(.administer)) { try retire($0, false) }
  }

  private static func list(_ visit: Visit) throws -> Response { try list(visit, returned: nil) }

  private static func list(_ visit: Visit, returned: FactForm?) throws -> Response {
    let (desk, facts) = try visit.read(Fact.all(evenRetired: true))
    return try visit.page(
      FactListPage(
        desk: desk, facts: facts, form: returned ?? FactForm(), isFormOpen: returned != nil),
      desk, status: returned == nil ? .ok : .unprocessableContent)
  }

  private static func add(_ visit: Visit) throws -> Response {
    let form = try FactForm(visit.request.form)
    return try settle(visit, form, again: { try list(visit, returned: $0) }) { details, tx in
      Fact.add(details, in: tx)
    }
  }

  private static func show(_ visit: Visit) throws -> Response { try show(visit, returned: nil) }

  private static func show(
    _ visit: Visit, returned: FactForm?, seen: String? = nil, isOvertaken: Bool = false
  ) throws -> Response {
    let id = try visit.id(Fact.self)
    let (desk, facts) = try visit.read(Fact.all(evenRetired: true))
    guard let fact = facts.first(where: { $0.id == id }) else { throw NotFound() }
    let saved = FactForm(fact.details)
    let mark = returned == nil || isOvertaken ? fact.details.mark : seen ?? ""
    var page = FactPage(
      desk: desk, fact: fact, form: returned ?? saved, mark: mark)
    if isOvertaken { page.conflict = page.form.conflict(with: saved) }
    return try visit.page(
      page, desk, status: isOvertaken ? .conflict : returned == nil ? .ok : .unprocessableContent)
  }

  private static func save(_ visit: Visit) throws -> Response {
    let id = try visit.id(Fact.self)
    let posted = try visit.request.form
    let form = try FactForm(posted)
    let mark = try posted.value("seen")
    do {
      return try settle(visit, form, again: { try show(visit, returned: $0, seen: mark) }) {
        details, tx in
        try Fact.edit(id, details, seen: mark, in: tx)
      }
    } catch is SettingChanged {
      return try show(visit, returned: form, isOvertaken: true)
    }
  }

  private static func settle(
    _ visit: Visit, _ form: FactForm, again: (FactForm) throws -> Response,
    _ change: (FactDetails, Transaction<PostEntry>) throws -> Void
  ) throws -> Response {
    guard let details = form.details else { return try again(form) }
    do {
      return try visit.post { tx in
        try change(details, tx)
        return Links.said(Links.facts, .settingSaved)
      }
    } catch let error as PostgresError {
      guard Fact.Refusal(error) == .nameTaken else { throw error }
      var form = form
      form.name.error = L("Another fact has this name.")
      return try again(form)
    }
  }

  private static func retire(_ visit: Visit, _ isRetired: Bool) throws -> Response {
    let id = try visit.id(Fact.self)
    do {
      return try visit.post { tx in
        try Fact.retire(id, isRetired, in: tx)
        return Links.said(Links.facts, .settingSaved)
      }
    } catch let error as PostgresError {
      guard Fact.Refusal(error) == .nameTaken else { throw error }
      return ErrorPages.page(.conflict, visit)
    }
  }
}

/// What was typed about a fact.
struct FactForm: Templated {
  var name = Field<String, L>()
  var question = Field<String, L>()
  var weight = Field<Int, L>()
  var isForScope = false
  var isForEstimate = false

  init() {
    weight.typed = "3"
    isForScope = true
    isForEstimate = true
  }

  init(_ posted: PostedForm) throws {
    name = try posted.text("name", max: 80, orElse: L("Give the fact a name."))
    question = try posted.text(
      "question", max: 500, orElse: L("Write the question that asks for it."))
    if let typed = question.value, typed.unicodeScalars.count < 3 {
      question.value = nil
      question.error = L("Write the question that asks for it.")
    }
    weight = try posted.integer(
      "weight", in: FactDetails.weights, orElse: L("Choose a weight from 1 to 5."))
    isForScope = try posted.isChecked("for_scope")
    isForEstimate = try posted.isChecked("for_estimate")
  }

  init(_ details: FactDetails) {
    name.typed = details.name
    question.typed = details.question
    weight.typed = String(details.weight)
    isForScope = details.forScope
    isForEstimate = details.forEstimate
  }

  var details: FactDetails? {
    guard let name = name.value, let question = question.value, let weight = weight.value else {
      return nil
    }
    return FactDetails(
      name: name, question: question, weight: weight, forScope: isForScope,
      forEstimate: isForEstimate)
  }

  func conflict(with saved: FactForm) -> Conflict {
    func answer(_ isNeeded: Bool) -> String { isNeeded ? "1" : "" }
    func words(_ isNeeded: Bool) -> L { isNeeded ? L("Yes") : L("No") }
    return .settings([
      Conflict.Field(L("Name"), typed: name.typed, saved: saved.name.typed),
      Conflict.Field(
        L("The question that asks for it"), typed: question.typed, saved: saved.question.typed),
      Conflict.Field(L("Weight"), typed: weight.typed, saved: saved.weight.typed),
      Conflict.Field(
        L("Scope"), typed: answer(isForScope), saved: answer(saved.isForScope),
        words: words(saved.isForScope)),
      Conflict.Field(
        L("Estimate"), typed: answer(isForEstimate), saved: answer(saved.isForEstimate),
        words: words(saved.isForEstimate)),
    ])
  }

  private var errors: FormErrors {
    FormErrors([
      ("name", name.error), ("question", question.error), ("weight", weight.error),
    ])
  }

  private static let weightWords = [
    L("1, nice to know"), L(verbatim: "2"), L("3, needed"), L(verbatim: "4"),
    L("5, nothing goes on without it"),
  ]

  static let keys = Keys<FactForm>()
    .text("fact_name", \.name.typed).text("name_error", \.name.error)
    .text("fact_question", \.question.typed).text("question_error", \.question.error)
    .text("weight_error", \.weight.error)
    .list("weight_options") { form in
      zip(FactDetails.weights, weightWords).map { weight, words in
        Choice(value: "\(weight)", name: words, isSelected: "\(weight)" == form.weight.typed)
      }
    }
    .flag("for_scope", \.isForScope).flag("for_estimate", \.isForEstimate)
    .flag("has_errors") { !$0.errors.problems.isEmpty }.list("errors") { $0.errors.problems }
}

struct FactListPage: Page {
  let desk: Desk
  let facts: [Fact]
  let form: FactForm
  let isFormOpen: Bool

  struct Row: Templated {
    let fact: Fact

    static let keys = Keys<Row>()
      .text("fact_id") { $0.fact.id.description }.text("row_name", \.fact.details.name)
      .text("row_question", \.fact.details.question).text("row_weight", \.fact.details.weight)
      .flag("row_for_scope", \.fact.details.forScope)
      .flag("row_for_estimate", \.fact.details.forEstimate).flag("row_retired", \.fact.isRetired)
  }

  static let template = "settings/facts"
  static let keys = Keys<FactListPage>().include(\.desk).include(\.form)
    .list("settings_links") { _ in SettingsTab.facts.links }
    .flag("form_open", \.isFormOpen)
    .list("facts") { $0.facts.map(Row.init) }.flag("has_facts") { !$0.facts.isEmpty }
}

struct FactPage: Page {
  let desk: Desk
  let fact: Fact
  let form: FactForm
  /// Of what the form began with.
  let mark: String
  var conflict: Conflict?

  static let template = "settings/fact"
  static let keys = Keys<FactPage>().include(\.desk).include(\.form)
    .text("fact_id") { $0.fact.id.description }.text("saved_name", \.fact.details.name)
    .text("seen", \.mark).object("conflict", \.conflict)
    .flag("retired", \.fact.isRetired)
}
