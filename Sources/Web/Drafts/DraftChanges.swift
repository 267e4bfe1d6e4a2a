import CRM
import HTTP
import HTTPTypes
import Postgres
import Templating

/// Writing drafts and moving them along.
enum DraftChanges {
  static func add(to router: inout Router<Answer>) {
    router.get("/leads/{id}/drafts/new", .may(.writeDrafts), new)
    router.post("/leads/{id}/drafts", .may(.writeDrafts), create)
    router.get("/drafts/{id}/edit", .may(.writeDrafts), edit)
    router.post("/drafts/{id}", .may(.writeDrafts), save)
    router.post("/drafts/{id}/submission", .may(.writeDrafts), submit)
    router.post("/drafts/{id}/withdrawal", .may(.writeDrafts), withdraw)
    router.post("/drafts/{id}/versions", .may(.writeDrafts), startVersion)
    router.post("/drafts/{id}/cancellation", .may(.writeDrafts), cancel)
  }

  /// What the button that was pressed wants after saving.
  private enum Wish: String {
    case save, submit

    init(_ posted: PostedForm) throws {
      self = try posted.value("then").flatMap(Wish.init) ?? .save
    }
  }

  // MARK: New

  private static func new(_ visit: Visit) throws -> Response {
    try newPage(visit) { DraftForm(contacts: $0) }
  }

  private static func create(_ visit: Visit) throws -> Response {
    let lead = try visit.id(Lead.self)
    let posted = try visit.request.form
    var form = try DraftForm(posted)
    let wish = try Wish(posted)
    guard let text = form.text else {
      return try newPage(visit, status: .unprocessableContent, form.with)
    }
    if wish == .submit, !text.missing.isEmpty {
      for missing in text.missing { _ = form.explain(missing) }
      return try newPage(visit, status: .unprocessableContent, form.with)
    }
    let id = ID<Draft>()
    do {
      return try visit.post { tx in
        try Draft.start(
          .followupEmail, for: lead, text, as: id, isSubmitted: wish == .submit, in: tx)
        return place(of: id, after: wish)
      }
    } catch let refusal as Draft.Refusal {
      guard form.explain(refusal) else { throw refusal }
      return try newPage(visit, status: .unprocessableContent, form.with)
    }
  }

  private static func newPage(
    _ visit: Visit, status: HTTPResponse.Status = .ok, _ form: ([Contact]) -> DraftForm
  ) throws -> Response {
    let lead = try visit.id(Lead.self)
    let (desk, found, contacts) = try visit.read(Lead.find(lead), Contact.all(of: lead))
    guard let found else { throw NotFound() }
    return try visit.page(
      NewDraftPage(desk: desk, lead: found, form: form(contacts)), desk, status: status)
  }

  // MARK: Edit

  private static func edit(_ visit: Visit) throws -> Response {
    try editPage(visit) { draft, recipients, contacts in
      DraftForm(draft, recipients: recipients, contacts: contacts)
    }
  }

  private static func save(_ visit: Visit) throws -> Response {
    let id = try visit.id(Draft.self)
    let posted = try visit.request.form
    var form = try DraftForm(posted)
    let wish = try Wish(posted)
    let revision = try posted.value("revision").flatMap { Int(strictDecimal: $0) } ?? 0
    guard let text = form.text else {
      return try editPage(visit, status: .unprocessableContent) { form.with(contacts: $2) }
    }
    if wish == .submit, !text.missing.isEmpty {
      for missing in text.missing { _ = form.explain(missing) }
      return try editPage(visit, status: .unprocessableContent) { form.with(contacts: $2) }
    }
    do {
      return try visit.post { tx in
        try Draft.edit(id, seen: revision, text, isSubmitted: wish == .submit, in: tx)
        return place(of: id, after: wish)
      }
    } catch Draft.Refusal.changedMeanwhile {
      return try editPage(visit, status: .conflict) { form.with(contacts: $2) }
    } catch let error as PostgresError where Draft.Refusal(error) != nil {
      _ = form.explain(.recipientChanged)  // the address changed at this moment
      return try editPage(visit, status: .unprocessableContent) { form.with(contacts: $2) }
    } catch let refusal as Draft.Refusal {
      guard form.explain(refusal) else { return ErrorPages.page(.conflict, visit) }
      return try editPage(visit, status: .unprocessableContent) { form.with(contacts: $2) }
    }
  }

  private static func editPage(
    _ visit: Visit, status: HTTPResponse.Status = .ok,
    _ form: (Draft, [Recipient], [Contact]) -> DraftForm
  ) throws -> Response {
    let id = try visit.id(Draft.self)
    let (desk, draft, recipients, sender, contacts, decisions) = try visit.read(
      Draft.find(id), Recipient.all(of: id), Sender.ofTenant, Contact.all(ofLeadWith: id),
      Approval.all(ofDocumentWith: id))
    guard let draft else { throw NotFound() }
    guard draft.status == .draft else { return try .seeOther(Links.draft(id)) }
    let page = EditDraftPage(
      desk: desk, draft: draft, form: form(draft, recipients, contacts),
      letter: try Letter(draft, recipients: recipients, sender: sender),
      request: decisions.first { $0.draft == id && $0.decision == .changesRequested },
      isConflict: status == .conflict)
    return try visit.page(page, desk, status: status)
  }

  private static func place(of id: ID<Draft>, after wish: Wish) -> String {
    switch wish {
    case .save: Links.editDraft(id, .draftSaved)
    case .submit: Links.draft(id, .draftSubmitted)
    }
  }

  // MARK: Moving along

  private static func submit(_ visit: Visit) throws -> Response {
    let revision = try visit.request.form.value("revision").flatMap { Int(strictDecimal: $0) } ?? 0
    return try move(visit, .draftSubmitted) { id, tx in
      try Draft.submit(id, seen: revision, in: tx)
    }
  }

  private static func withdraw(_ visit: Visit) throws -> Response {
    try move(visit, .draftWithdrawn) { id, tx in try Draft.withdraw(id, in: tx) }
  }

  private static func startVersion(_ visit: Visit) throws -> Response {
    let next = ID<Draft>()
    return try move(visit, .versionStarted, to: next) { id, tx in
      try Draft.startNextVersion(of: id, as: next, in: tx)
    }
  }

  private static func cancel(_ visit: Visit) throws -> Response {
    let id = try visit.id(Draft.self)
    let field: Field<String, L> = try visit.request.form.text(
      "reason", max: 500, orElse: L("Say why it is not to be sent."))
    guard let reason = field.value else {
      return try DraftPages.show(visit, id: id, cancellation: field)
    }
    do {
      return try visit.post { tx in
        try Draft.cancel(id, reason: reason, in: tx)
        return Links.draft(id, .draftCancelled)
      }
    } catch Draft.Refusal.alreadyLeaving, Draft.Refusal.movedOn {
      return try tooLate(visit, id, field)
    } catch let error as PostgresError where Delivery.Refusal(error) != nil {
      return try tooLate(visit, id, field)  // the worker was quicker
    }
  }

  private static func tooLate(
    _ visit: Visit, _ id: ID<Draft>, _ reason: Field<String, L>
  ) throws -> Response {
    var reason = reason
    reason.error = L("Too late: it is already leaving or was sent.")
    return try DraftPages.show(visit, id: id, cancellation: reason)
  }

  /// One step of a draft's life. What is missing for it is fixed in the editor; a draft that moved on
  /// meanwhile is a conflict.
  private static func move(
    _ visit: Visit, _ notice: Notice, to other: ID<Draft>? = nil,
    _ step: (ID<Draft>, Transaction<PostEntry>) throws -> Void
  ) throws -> Response {
    let id = try visit.id(Draft.self)
    do {
      return try visit.post { tx in
        try step(id, tx)
        return Links.draft(other ?? id, notice)
      }
    } catch let refusal as Draft.Refusal {
      switch refusal {
      case .noSubject, .noText, .unshowable, .noRecipient, .recipientUnknown, .recipientChanged:
        return try editPage(visit, status: .unprocessableContent) { draft, recipients, contacts in
          var form = DraftForm(draft, recipients: recipients, contacts: contacts)
          _ = form.explain(refusal)
          return form
        }
      case .notAuthor: return ErrorPages.page(.forbidden, visit)
      case .movedOn, .changedMeanwhile, .alreadyLeaving: return ErrorPages.page(.conflict, visit)
      }
    }
  }
}
