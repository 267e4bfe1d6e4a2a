import CRM
import HTTP
import HTTPTypes
import Templating

/// What models cost and did: the month's budget, and every attempt.
enum AIPages {
  static func add(to router: inout Router<Answer>) {
    router.get("/settings/ai", .may(.administer), show)
    router.post("/settings/ai", .may(.administer), save)
    router.get("/settings/ai/{id}", .may(.administer), action)
  }

  private static func show(_ visit: Visit) throws -> Response { try show(visit, returned: nil) }

  private static func show(
    _ visit: Visit, returned: Field<Int, L>?, seen: String? = nil, isOvertaken: Bool = false
  ) throws -> Response {
    let before = try visit.queryID("before", of: AIAction.self)
    let (desk, budget, actions) = try visit.read(
      AIBudget.current, AIActionSummary.latest(before: before))
    let page = AIPage(
      desk, budget, actions, isFirst: before == nil, returned: returned, seen: seen,
      isOvertaken: isOvertaken)
    return try visit.page(
      page, desk, status: isOvertaken ? .conflict : returned == nil ? .ok : .unprocessableContent)
  }

  private static func save(_ visit: Visit) throws -> Response {
    let posted = try visit.request.form
    let mark = try posted.value("seen")
    let field: Field<Int, L> = try posted.integer(
      "tokens_per_month", in: 0...1_000_000_000_000,
      orElse: L("Write a whole number of tokens, such as 1000000; 0 stops all models."))
    guard let tokens = field.value else { return try show(visit, returned: field, seen: mark) }
    do {
      return try visit.post { tx in
        try AIBudget.set(tokens, seen: mark, in: tx)
        return Links.said(Links.ai, .settingSaved)
      }
    } catch is SettingChanged {
      return try show(visit, returned: field, isOvertaken: true)
    }
  }

  private static func action(_ visit: Visit) throws -> Response {
    let id = try visit.id(AIAction.self)
    let (desk, summary, transcript) = try visit.read(
      AIActionSummary.find(id), AITranscript.of(id))
    guard let summary, let transcript else { throw NotFound() }
    return try visit.page(
      AIActionPage(
        desk: desk, line: AIActionLine(summary, now: desk.viewer.now), transcript: transcript),
      desk)
  }
}

struct AIPage: Page {
  let desk: Desk
  let budget: AIBudget
  let tokens: Field<Int, L>
  let rows: [AIActionLine]
  let last: AIActionLine?
  let newestURL: String?
  let olderURL: String?
  /// Of the limit that the form began with.
  let mark: String
  let conflict: Conflict?

  init(
    _ desk: Desk, _ budget: AIBudget, _ actions: [AIActionSummary], isFirst: Bool,
    returned: Field<Int, L>?, seen: String?, isOvertaken: Bool
  ) {
    self.desk = desk
    self.budget = budget
    tokens = returned ?? Field(typed: String(budget.tokensPerMonth))
    mark = returned == nil || isOvertaken ? budget.mark : seen ?? ""
    conflict =
      isOvertaken
      ? .settings([
        Conflict.Field(
          L("Tokens a month"), typed: tokens.typed, saved: String(budget.tokensPerMonth))
      ]) : nil
    rows = actions.prefix(AIActionSummary.pageSize)
      .map { AIActionLine($0, now: desk.viewer.now) }
    last = isFirst ? rows.first : nil
    newestURL = isFirst ? nil : Links.ai
    olderURL =
      actions.count > AIActionSummary.pageSize
      ? Links.list(
        Links.ai, [("before", actions[AIActionSummary.pageSize - 1].id.description)]) : nil
  }

  private var errors: FormErrors { FormErrors([("tokens_per_month", tokens.error)]) }

  static let template = "settings/ai"
  static let keys = Keys<AIPage>().include(\.desk)
    .list("settings_links") { _ in SettingsTab.ai.links }
    .text("seen", \.mark).object("conflict", \.conflict)
    .text("tokens_per_month", \.tokens.typed).text("tokens_per_month_error", \.tokens.error)
    .text("spent", \.budget.tokensSpent).text("allowed", \.budget.tokensPerMonth)
    .text("spent_words") { CountText(number: $0.budget.tokensSpent) }
    .text("allowed_words") { CountText(number: $0.budget.tokensPerMonth) }
    .text("left_words") { CountText(number: $0.budget.tokensLeft) }
    .text("attempt_total", \.budget.attempts)
    .text("cost") { $0.budget.costMicros.map(MicroMoney.init(micros:)) }
    .flag("is_spent") { $0.budget.tokensLeft == 0 }
    .object("last", \.last).flag("never_asked") { $0.rows.isEmpty && $0.newestURL == nil }
    .list("actions", \.rows).flag("has_actions") { !$0.rows.isEmpty }
    .flag("has_pages") { $0.newestURL != nil || $0.olderURL != nil }
    .text("newest_url", \.newestURL).text("older_url", \.olderURL)
    .flag("has_errors") { !$0.errors.problems.isEmpty }.list("errors") { $0.errors.problems }
}

/// One attempt.
struct AIActionLine: Templated {
  let action: AIActionSummary
  let moment: Moment

  init(_ action: AIActionSummary, now: Timestamp) {
    self.action = action
    moment = Moment(action.at, now: now)
  }

  private var providerWords: L {
    action.provider == Playbook().name ? L("Built-in playbook") : L(verbatim: action.provider)
  }

  static let keys = Keys<AIActionLine>()
    .text("action_id") { $0.action.id.description }
    .text("action_kind") { $0.action.kind.words }.text("action_status") { $0.action.status.words }
    .text("action_tone") { $0.action.status.tone }.text("action_error", \.action.error)
    .text("action_provider") { $0.providerWords }.text("action_model", \.action.model)
    .text("action_reference", \.action.promptReference)
    .text("input_tokens") { CountText(number: $0.action.inputTokens) }
    .text("output_tokens") { CountText(number: $0.action.outputTokens) }
    .text("latency") { L("\($0.action.latencyMilliseconds) ms") }
    .text("action_cost") { $0.action.costMicros.map(MicroMoney.init(micros:)) }
    .text("citations_kept", \.action.citationsKept)
    .text("citations_dropped", \.action.citationsDropped)
    .text("action_lead_id") { $0.action.lead?.description }
    .text("action_lead", \.action.leadTitle).text("action_by", \.action.actorName)
    .moment("tried") { $0.moment }
}

struct AIActionPage: Page {
  let desk: Desk
  let line: AIActionLine
  let transcript: AITranscript

  static let template = "settings/ai_action"
  static let keys = Keys<AIActionPage>().include(\.desk).include(\.line)
    .text("prompt", \.transcript.prompt).text("output", \.transcript.output)
}

/// An amount in millionths, to four places: models cost fractions of a cent.
struct MicroMoney: WrittenText, Sendable {
  let micros: Int

  func write(in language: Language, to buffer: inout ByteBuffer) {
    let tenThousandths = (micros + 50) / 100
    let rest = String(tenThousandths % 10_000 + 10_000).dropFirst()
    buffer.append("\(tenThousandths / 10_000)\(language.code == "fr" ? "," : ".")\(rest)")
  }
}
