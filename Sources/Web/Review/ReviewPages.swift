import CRM
import HTTP
import HTTPTypes
import Postgres
import Secrets
import Templating

/// The reviewer's desk: the queue, the card, the decision.
enum ReviewPages {
  static func add(to router: inout Router<Answer>) {
    router.get("/review", .may(.review), queue)
    router.get("/review/{id}", .may(.review), card)
    router.post("/drafts/{id}/approval", .may(.review)) { try decide(.approved, $0) }
    router.post("/drafts/{id}/rejection", .may(.review)) { try decide(.rejected, $0) }
    router.post("/drafts/{id}/change-request", .may(.review)) { try decide(.changesRequested, $0) }
  }

  private static func queue(_ visit: Visit) throws -> Response {
    let after = try visit.queryID("after", of: Draft.self)
    let (desk, waiting) = try visit.read(ReviewQueue.rows(after: after))
    return try visit.page(ReviewQueuePage(desk, waiting, after: after), desk)
  }

  private static func card(_ visit: Visit) throws -> Response {
    try card(visit, id: try visit.id(Draft.self), comment: Field())
  }

  private static func card(
    _ visit: Visit, id: ID<Draft>, comment: Field<String?, L>
  ) throws -> Response {
    let (desk, draft, before, decisions, next) = try visit.read(
      Draft.find(id), SubmittedContent.before(id), Approval.all(ofDocumentWith: id),
      ReviewQueue.next(after: id))
    guard let draft else { throw NotFound() }
    // Decided or withdrawn meanwhile: what is there now is the draft's own page.
    guard draft.status == .underReview, let manifest = draft.manifest.flatMap(Manifest.decode)
    else {
      return try .seeOther(Links.draft(id))
    }
    let page = ReviewCardPage(
      desk: desk, draft: draft, letter: Letter(try EmailContent(manifest)),
      before: before,
      difference: before.flatMap { Manifest.decode($0.manifest) }
        .map { ContentDifference(from: $0, to: manifest) } ?? ContentDifference(),
      decisions: decisions.map { DecisionLine($0, now: desk.viewer.now) }, next: next,
      comment: comment)
    return try visit.page(page, desk, status: comment.error == nil ? .ok : .unprocessableContent)
  }

  private static func decide(_ decision: Approval.Decision, _ visit: Visit) throws -> Response {
    let id = try visit.id(Draft.self)
    let posted = try visit.request.form
    guard let hash = try posted.value("content_sha256").flatMap(Hex.decode), hash.count == 32 else {
      throw ClientError.badRequest("no content hash")
    }
    var comment: Field<String, L> = try posted.optionalMultiline("comment", max: 5_000)
    guard let text = comment.value else {
      return try card(visit, id: id, comment: comment.optional)
    }
    let said = text.trimmed.isEmpty ? nil : text.trimmed
    do {
      return try visit.post { tx in
        let next = try Approval.decide(decision, on: id, seen: hash, comment: said, in: tx)
        return next.map { Links.review($0, decision.notice) }
          ?? Links.said(Links.review, decision.notice)
      }
    } catch let error as PostgresError {
      guard let refusal = Approval.Refusal(error) else { throw error }
      return try explain(refusal, visit, id, hash, &comment)
    } catch let refusal as Approval.Refusal {
      return try explain(refusal, visit, id, hash, &comment)
    }
  }

  private static func explain(
    _ refusal: Approval.Refusal, _ visit: Visit, _ id: ID<Draft>, _ hash: [UInt8],
    _ comment: inout Field<String, L>
  ) throws -> Response {
    switch refusal {
    case .notWhatWasSeen: return try changed(visit, id, seen: hash, comment: comment.typed)
    case .ownDraft, .notReviewer: return ErrorPages.page(.forbidden, visit)
    case .commentNeeded:
      comment.error = L("Say what to change, or why not: the author reads it.")
      return try card(visit, id: id, comment: comment.optional)
    }
  }

  /// Nothing was decided: what the reviewer saw beside what is there now.
  private static func changed(
    _ visit: Visit, _ id: ID<Draft>, seen hash: [UInt8], comment: String
  ) throws -> Response {
    let (desk, draft, seen, recipients, sender, decisions) = try visit.read(
      Draft.find(id), SubmittedContent.with(hash, of: id), Recipient.all(of: id), Sender.ofTenant,
      Approval.all(ofDocumentWith: id))
    guard let draft else { throw NotFound() }
    let page = ReviewChangedPage(
      desk: desk, draft: draft, seen: seen.flatMap { Manifest.decode($0.manifest) },
      current: draft.manifest.flatMap(Manifest.decode)
        ?? Manifest(
          type: draft.type, senderName: sender.name, senderAddress: sender.address,
          recipients: recipients, subject: draft.subject, bodyMarkdown: draft.contentMarkdown),
      decision: decisions.first { $0.draft == id }, comment: comment)
    return try visit.page(page, desk, status: .conflict)
  }
}

extension Field where Value == String {
  /// For a form where leaving it blank is an answer.
  fileprivate var optional: Field<String?, Message> {
    Field<String?, Message>(typed: typed, value: value, error: error)
  }
}

extension Approval.Decision {
  fileprivate var notice: Notice {
    switch self {
    case .approved: .approved
    case .rejected: .rejected
    case .changesRequested: .changesRequested
    }
  }
}
