import CRM
import HTTP
import Secrets
import Templating

struct DeliveryPage: Page {
  let desk: Desk
  let delivery: Delivery
  let attempts: [AttemptLine]
  let verdict: VerdictBar?
  let recipient: String
  let comment: Field<String, L>

  init(
    _ desk: Desk, _ delivery: Delivery, attempts: [DeliveryAttempt], decision: PolicyDecision?,
    comment: Field<String, L>
  ) {
    self.desk = desk
    self.delivery = delivery
    self.comment = comment
    self.attempts = attempts.map { AttemptLine($0, now: desk.viewer.now) }
    verdict = decision.map {
      VerdictBar(
        isAllowed: $0.allowsSend, trace: $0.trace, reason: nil, at: $0.at, now: desk.viewer.now)
    }
    recipient =
      Manifest.decode(delivery.manifest)
      .flatMap { Letter.lines($0, .to).first?.address } ?? ""
  }

  private var mayResolve: Bool { desk.viewer.may(.resolveOutbox) }
  private var isDoubtful: Bool { delivery.state == .uncertain }
  private var mayRestart: Bool { mayResolve && [.blocked, .dead].contains(delivery.state) }
  private var hash: String { Hex.encode(delivery.contentHash) }

  private var nextTry: Moment? {
    delivery.state == .ready ? Moment(delivery.runAt, now: desk.viewer.now) : nil
  }

  static let template = "outbox/show"
  static let keys = Keys<DeliveryPage>().include(\.desk)
    .text("delivery_id") { $0.delivery.identity.id.description }
    .text("draft_id") { $0.delivery.identity.draft.description }
    .text("lead_id") { $0.delivery.identity.lead.description }
    .text("subject", \.delivery.identity.subject).text("recipient", \.recipient)
    .text("lead_title", \.delivery.leadTitle).text("version", \.delivery.version)
    .text("channel_name") { _ in L("E-mail") }
    .text("state_name") { $0.delivery.state.words }.text("state_tone") { $0.delivery.state.tone }
    .text("state_explained") { $0.delivery.state.explained }
    .text("state_reason") { DeliveryReason($0.delivery.state, $0.delivery.lastError).words }
    .flag("may_resolve") { $0.mayResolve && $0.isDoubtful }.flag("may_restart") { $0.mayRestart }
    .text("comment", \.comment.typed).text("comment_error", \.comment.error)
    .flag("has_errors") { $0.comment.error != nil }
    .list("errors") { FormErrors([("comment", $0.comment.error)]).problems }
    .flag("has_attempts") { !$0.attempts.isEmpty }.list("attempts", \.attempts)
    .flag("has_verdict") { $0.verdict != nil }
    .text("verdict_tone") { ($0.verdict?.tone ?? .plain).rawValue }
    .text("verdict_name") { $0.verdict?.name }.text("verdict_explained") { $0.verdict?.explained }
    .list("verdict_rules") { $0.verdict?.rules ?? [] }
    .moment("verdict") { $0.verdict?.moment }.text("verdict_when") { $0.verdict?.moment.said }
    .text("approved_by", \.delivery.approvedBy)
    .moment("approved") { Moment($0.delivery.approvedAt, now: $0.desk.viewer.now) }
    .moment("next_try") { $0.nextTry }
    .text("content_sha256") { $0.hash }.text("content_hash_short") { String($0.hash.prefix(12)) }
    .text("message_id", \.delivery.messageID)
    .text("external_message_id", \.delivery.externalMessageID)
}

struct AttemptLine: Templated {
  let attempt: DeliveryAttempt
  let moment: Moment

  init(_ attempt: DeliveryAttempt, now: Timestamp) {
    self.attempt = attempt
    moment = Moment(attempt.at, now: now)
  }

  private var rule: PolicyGate.Rule? { attempt.detail.flatMap(PolicyGate.Rule.init) }

  /// A rule's no in words; what a person or the mail server said as it came.
  private var answer: L? { rule?.no(because: nil) ?? attempt.detail.map { L(verbatim: $0) } }

  static let keys = Keys<AttemptLine>()
    .text("attempt_name") { $0.attempt.phase.words }.text("attempt_tone") { $0.attempt.phase.tone }
    .text("actor_name", \.attempt.actorName).text("answer") { $0.answer }
    .flag("from_server") { $0.attempt.actorName == nil && $0.rule == nil }
    .moment("started") { $0.moment }
}
