import CRM
import HTTP
import Secrets
import Templating

/// The letter on the desk: verdict, message, evidence, decision.
struct ReviewCardPage: Page {
  let desk: Desk
  let draft: Draft
  let letter: Letter
  let before: SubmittedContent?
  let difference: ContentDifference
  let decisions: [DecisionLine]
  let next: ID<Draft>?
  let comment: Field<String?, L>

  private var isOwn: Bool { draft.isWritten(by: desk.viewer.id) }
  private var isRepeated: Bool { before.map { $0.manifest == draft.manifest } ?? false }
  private var hash: String { Hex.encode(draft.contentHash ?? []) }

  private var verdict: VerdictBar {
    let verdict = PolicyGate.preview(
      PolicyGate.Facts(
        suppressedReason: draft.suppressedReason, listedRecipients: draft.listedRecipients,
        contentHash: draft.contentHash ?? [],
        approvedHash: nil, isApproved: false))
    return VerdictBar(
      isAllowed: verdict.isAllowed, trace: verdict.trace,
      reason: draft.suppressedReason ?? draft.listedRecipients,
      at: desk.viewer.now, now: desk.viewer.now)
  }

  static let template = "review/card"
  static let keys = Keys<ReviewCardPage>().include(\.desk).include(\.letter).include(\.difference)
    .text("draft_id") { $0.draft.id.description }.text("lead_id") { $0.draft.lead.description }
    .text("lead_title", \.draft.leadTitle).text("company", \.draft.leadCompany)
    .text("author_name", \.draft.author.name).text("last_editor_name", \.draft.lastEditor.name)
    .moment("submitted") {
      Moment($0.draft.submittedAt ?? $0.draft.updatedAt, now: $0.desk.viewer.now)
    }
    .text("type_name") { $0.draft.type.words }.text("version", \.draft.version)
    .text("send_time") { _ in L("as soon as it is approved") }
    .text("content_sha256") { $0.hash }.text("content_hash_short") { String($0.hash.prefix(12)) }
    .flag("has_previous") { $0.before != nil && !$0.isRepeated }
    .flag("repeated") { $0.isRepeated }.text("previous_version") { $0.before?.version ?? 0 }
    .text("repeated_sent") { page in
      page.before?.sentAt.map { SaidTime(time: $0, now: page.desk.viewer.now) }
    }
    .flag("has_decisions") { !$0.decisions.isEmpty }.list("decisions", \.decisions)
    .text("next_url") { $0.next.map { Links.review($0) } }
    .flag("may_decide") { !$0.isOwn }.flag("may_send_now") { $0.verdict.isAllowed }
    .text("may_not_decide_reason") { _ in
      L("You wrote or edited this draft, so another reviewer decides on it.")
    }
    .text("comment", \.comment.typed).text("comment_error", \.comment.error)
    .flag("has_errors") { $0.comment.error != nil }
    .list("errors") { FormErrors([("comment", $0.comment.error)]).problems }
    .text("verdict_tone") { $0.verdict.tone }.text("verdict_name") { $0.verdict.name }
    .text("verdict_explained") { $0.verdict.explained }
    .list("verdict_rules") { $0.verdict.rules }
    .moment("verdict") { $0.verdict.moment }.text("verdict_when") { $0.verdict.moment.said }
}

/// What the policy said, in words: on the review card and on a delivery's page.
struct VerdictBar {
  let isAllowed: Bool
  let rules: [RuleLine]
  let moment: Moment
  private let deciding: PolicyGate.Rule?
  private let reason: String?

  struct RuleLine: Templated {
    let rule: PolicyGate.Rule
    let isAllowed: Bool

    static let keys = Keys<RuleLine>()
      .text("rule_name") { $0.rule.words }
      .text("rule_tone") { ($0.isAllowed ? Tone.fine : .stop).rawValue }
      .text("rule_answer") { $0.isAllowed ? L("Yes.") : L("No.") }
  }

  init(
    isAllowed: Bool, trace: [(rule: PolicyGate.Rule, isAllowed: Bool)], reason: String?,
    at time: Timestamp, now: Timestamp
  ) {
    self.isAllowed = isAllowed
    self.reason = reason
    rules = trace.map { RuleLine(rule: $0.rule, isAllowed: $0.isAllowed) }
    deciding = trace.first { !$0.isAllowed }?.rule
    moment = Moment(time, now: now)
  }

  var tone: Tone { isAllowed ? .fine : .stop }
  var name: L { isAllowed ? L("May be sent") : L("May not be sent") }
  var explained: L { deciding?.no(because: reason) ?? L("No rule forbids it.") }
}
