import CRM
import HTTP
import HTTPTypes
import Postgres
import Templating

/// How new leads find their owner.
enum AssignmentPages {
  static func add(to router: inout Router<Answer>) {
    router.get("/settings/assignment", .may(.administer), show)
    router.post("/settings/assignment", .may(.administer), save)
  }

  private static func show(_ visit: Visit) throws -> Response {
    let (desk, rule, members) = try visit.read(AssignmentRule.current, Member.active)
    return try visit.page(
      AssignmentPage(desk, AssignmentForm(rule), members, mark: rule.mark), desk)
  }

  private static func save(_ visit: Visit) throws -> Response {
    let posted = try visit.request.form
    let form = try AssignmentForm(posted)
    let mark = try posted.value("seen")
    guard let rule = form.rule else {
      let (desk, members) = try visit.read(Member.active)
      return try visit.page(
        AssignmentPage(desk, form, members, mark: mark ?? ""), desk, status: .unprocessableContent)
    }
    do {
      return try visit.post { tx in
        let (viewer, old) = try tx.look(AssignmentRule.current, seen: mark)
        rule.save(over: old, of: viewer.tenant, in: tx)
        return Links.said("/settings/assignment", .settingSaved)
      }
    } catch is SettingChanged {
      let (desk, saved, members) = try visit.read(AssignmentRule.current, Member.active)
      var page = AssignmentPage(desk, form, members, mark: saved.mark)
      page.conflict = page.conflict(
        with: AssignmentPage(desk, AssignmentForm(saved), members, mark: ""))
      return try visit.page(page, desk, status: .conflict)
    }
  }
}

/// What was chosen: a strategy, who takes part, and whose sources are whose.
struct AssignmentForm {
  var strategy = Field<Assignment.Strategy, L>()
  var members: Set<ID<User>> = []
  /// As typed, for each member.
  var sources: [ID<User>: String] = [:]
  private var owners: [String: ID<User>] = [:]
  private(set) var sourceError: L?
  private(set) var memberError: L?

  init(_ rule: AssignmentRule) {
    strategy = Field(typed: rule.strategy.rawValue, value: rule.strategy)
    members = rule.members
    sources = Dictionary(grouping: rule.sources, by: \.value)
      .mapValues { $0.map(\.key).sorted().joined(separator: ", ") }
  }

  init(_ posted: PostedForm) throws {
    strategy = try posted.choice("strategy", orElse: L("Choose how."))
    members = Set(posted.values("member").compactMap { ID($0) })
    for pair in posted.fields.pairs where pair.name.utf8.starts(with: "sources_".utf8) {
      guard let member = ID<User>(String(pair.name.dropFirst("sources_".count))) else { continue }
      sources[member] = pair.value
      for piece in pair.value.split(separator: ",") {
        let source = String(piece).trimmed.lowercased()
        guard !source.isEmpty else { continue }
        guard source.unicodeScalars.count <= 100 else {
          sourceError = L("A source has at most 100 characters.")
          continue
        }
        if let other = owners[source], other != member {
          sourceError = L("The source “\(source)” stands with two people.")
        }
        owners[source] = member
      }
    }
    if strategy.value == .roundRobin || strategy.value == .leastLoaded, members.isEmpty {
      memberError = L("Choose at least one person.")
    }
  }

  /// Nil while something is wrong.
  var rule: AssignmentRule? {
    guard let strategy = strategy.value, sourceError == nil, memberError == nil else { return nil }
    var rule = AssignmentRule()
    rule.strategy = strategy
    rule.members = members
    rule.sources = owners
    return rule
  }
}

struct AssignmentPage: Page {
  let desk: Desk
  let form: AssignmentForm
  let lines: [Line]
  /// Of the rule that the form began with.
  let mark: String
  var conflict: Conflict?

  init(_ desk: Desk, _ form: AssignmentForm, _ members: [Member], mark: String) {
    self.desk = desk
    self.form = form
    self.mark = mark
    lines = members.map {
      Line(
        id: $0.id.description, name: $0.name, takesPart: form.members.contains($0.id),
        sources: form.sources[$0.id] ?? "")
    }
  }

  struct Line: Templated {
    let id: String
    let name: String
    let takesPart: Bool
    let sources: String

    static let keys = Keys<Line>()
      .text("member_id", \.id).text("member_name", \.name).flag("takes_part", \.takesPart)
      .text("member_sources", \.sources)
  }

  func conflict(with saved: AssignmentPage) -> Conflict {
    let strategy = Conflict.Field(
      L("New leads are given"), typed: form.strategy.typed, saved: saved.form.strategy.typed,
      words: saved.form.strategy.value?.words)
    return .settings(
      [strategy]
        + zip(lines, saved.lines).flatMap { typed, saved in
          [
            Conflict.Field(
              L(verbatim: typed.name), typed: "\(typed.takesPart)", saved: "\(saved.takesPart)",
              words: saved.takesPart ? L("takes part") : L("takes no part")),
            Conflict.Field(
              L("Sources of \(typed.name)"), typed: typed.sources, saved: saved.sources),
          ]
        })
  }

  private var errors: FormErrors {
    FormErrors([
      ("strategy", form.strategy.error), ("members", form.memberError),
      ("members", form.sourceError),
    ])
  }

  static let template = "settings/assignment"
  static let keys = Keys<AssignmentPage>().include(\.desk)
    .text("seen", \.mark).object("conflict", \.conflict)
    .list("settings_links") { _ in SettingsTab.assignment.links }
    .list("strategy_options") { page in
      Choice.all(chosen: page.form.strategy.typed) { (strategy: Assignment.Strategy) in
        strategy.words
      }
    }
    .text("strategy_error", \.form.strategy.error)
    .text("members_error") { $0.form.memberError ?? $0.form.sourceError }
    .list("members", \.lines)
    .flag("has_errors") { !$0.errors.problems.isEmpty }.list("errors") { $0.errors.problems }
}

extension Assignment.Strategy {
  var words: L {
    switch self {
    case .manual: L("By hand")
    case .roundRobin: L("In turn")
    case .leastLoaded: L("To whoever has the fewest open leads")
    case .bySource: L("By source, else in turn")
    }
  }
}
