import CRM
import HTTP
import Templating

/// What was typed into a draft, and whom it is for.
struct DraftForm: Templated {
  var subject = Field<String, L>()
  var content = Field<String, L>()
  var chosen: [ID<Contact>: Recipient.Kind] = [:]
  var recipientsError: L?
  let contacts: [Contact]

  /// An empty form, addressed to the primary contact.
  init(contacts: [Contact]) {
    self.contacts = contacts
    if let primary = contacts.first(where: { $0.isPrimary && $0.email != nil }) {
      chosen = [primary.id: .to]
    }
  }

  /// The form filled with what is saved.
  init(_ draft: Draft, recipients: [Recipient], contacts: [Contact]) {
    self.contacts = contacts
    subject.typed = draft.subject
    content.typed = draft.contentMarkdown
    chosen = Dictionary(
      recipients.map { ($0.contact, $0.kind) }, uniquingKeysWith: { first, _ in first })
  }

  /// `contacts` may be empty while only the meaning is wanted; they are needed to show the form.
  init(_ posted: PostedForm, contacts: [Contact] = []) throws {
    self.contacts = contacts
    subject = try posted.optionalLine("subject", max: 200)
    content = try posted.optionalMultiline("content_md", max: 50_000)
    if content.value != nil, content.typed.utf8.count > 65_536 {
      content.value = nil
      content.error = L("The text is too long for one e-mail.")
    }
    for kind in Recipient.Kind.allCases {
      for text in posted.values(kind.rawValue) {
        guard let contact = ID<Contact>(text) else {
          recipientsError = L("Choose the recipients from the list.")
          continue
        }
        if chosen.updateValue(kind, forKey: contact) != nil {
          recipientsError = L("Choose each person once: To, Cc or Bcc.")
        }
      }
    }
  }

  func with(contacts: [Contact]) -> DraftForm {
    var copy = DraftForm(contacts: contacts)
    copy.subject = subject
    copy.content = content
    copy.chosen = chosen
    copy.recipientsError = recipientsError
    return copy
  }

  var text: DraftText? {
    guard let subject = subject.value, let content = content.value, recipientsError == nil else {
      return nil
    }
    return DraftText(
      subject: subject, contentMarkdown: content, recipients: RecipientChoice(chosen))
  }

  mutating func explain(_ refusal: Draft.Refusal) -> Bool {
    switch refusal {
    case .noSubject: subject.error = L("Give the e-mail a subject.")
    case .noText: content.error = L("Write the message.")
    case .unshowable: content.error = L("This is nested too deep to be shown as a letter.")
    case .noRecipient: recipientsError = L("Choose at least one recipient for To.")
    case .recipientUnknown: recipientsError = L("Choose the recipients from the list.")
    case .recipientChanged:
      recipientsError = L(
        "An address has changed since it was chosen. Look at the recipients again.")
    case .movedOn, .changedMeanwhile, .notAuthor, .alreadyLeaving: return false
    }
    return true
  }

  var errors: FormErrors {
    FormErrors([
      ("subject", subject.error), ("recipients", recipientsError), ("content_md", content.error),
    ])
  }

  private var options: [RecipientOption] {
    contacts.filter { $0.email != nil }.map { RecipientOption($0, chosen[$0.id]) }
  }

  static let keys = Keys<DraftForm>()
    .text("subject", \.subject.typed).text("subject_error", \.subject.error)
    .text("content_md", \.content.typed).text("content_md_error", \.content.error)
    .text("recipients_error", \.recipientsError)
    .flag("has_recipient_options") { !$0.options.isEmpty }
    .list("recipient_options") { $0.options }
    .flag("has_errors") { !$0.errors.problems.isEmpty }.list("errors") { $0.errors.problems }
}

struct RecipientOption: Templated {
  let id: String
  let name: String
  let email: String
  let kind: Recipient.Kind?

  init(_ contact: Contact, _ kind: Recipient.Kind?) {
    id = contact.id.description
    name = contact.words
    email = contact.email ?? ""
    self.kind = kind
  }

  static let keys = Keys<RecipientOption>()
    .text("contact_id", \.id).text("name", \.name).text("email", \.email)
    .flag("to_checked") { $0.kind == .to }.flag("cc_checked") { $0.kind == .cc }
    .flag("bcc_checked") { $0.kind == .bcc }
}

extension PostedForm {
  /// One line that may be left blank; `value` is then the empty string.
  fileprivate func optionalLine(_ name: String, max: Int) throws -> Field<String, L> {
    let field: Field<String?, L> = try optionalText(name, max: max)
    return Field(typed: field.typed, value: field.value.map { $0 ?? "" }, error: field.error)
  }
}
