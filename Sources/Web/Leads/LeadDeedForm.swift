import CRM
import HTTP
import Templating

/// One of the record page's small forms: what was typed, what it means, what is wrong with it.
struct LeadDeedForm {
  let deed: LeadDeed
  /// How what it is about stood when it was shown; nil where it did not say.
  var was: String?
  private(set) var isOvertaken = false
  /// What is wrong with none of its fields.
  private(set) var problem: L?
  var stage = Field<Lead.Stage, L>()
  var outcome = Field<Lead.Outcome, L>()
  var value = Field<Money?, L>()
  var client = Field<String?, L>()
  var contactStatus = Field<Lead.ContactStatus, L>()
  var owner = Field<ID<User>?, L>()
  var tags = Field<Tags, L>()
  var day = Field<Day, L>()
  var reason = Field<String?, L>()
  var firstName = Field<String?, L>()
  var lastName = Field<String?, L>()
  var email = Field<EmailAddress?, L>()
  var phone = Field<PhoneNumber?, L>()
  var role = Field<String?, L>()

  var person: ContactDetails {
    ContactDetails(
      firstName: firstName.value ?? nil, lastName: lastName.value ?? nil,
      email: email.value ?? nil, phone: phone.value ?? nil)
  }

  /// Filled with how the lead stands.
  init(_ deed: LeadDeed, _ lead: Lead, in currency: Currency) {
    self.deed = deed
    was = deed.standing(of: lead)
    stage.typed = lead.stage.rawValue
    outcome.typed = lead.outcome.rawValue
    value.typed = lead.estimatedValue?.digits(in: currency) ?? ""
    client.typed = lead.client?.name ?? lead.company ?? ""
    contactStatus.typed = lead.contactStatus.rawValue
    owner.typed = lead.owner?.id.description ?? ""
    tags.typed = lead.tags.joined(separator: ", ")
    day.typed = lead.nextFollowUp.map { Day(of: $0).text } ?? ""
  }

  init(_ deed: LeadDeed, _ posted: PostedForm) throws {
    self.deed = deed
    was = try posted.value("was")
    for question in deed.questions {
      switch question {
      case .stage: stage = try posted.choice("stage", orElse: L("Choose a stage."))
      case .outcome: outcome = try posted.choice("outcome", orElse: L("Choose an outcome."))
      case .value:
        value = try posted.amount("value")
      case .client: client = try posted.optionalText("client", max: 200)
      case .contactStatus:
        contactStatus = try posted.choice("contact_status", orElse: L("Choose a contact status."))
      case .owner:
        owner = try posted.optionalField(
          "owner", orElse: L("Choose somebody from the list."), read: { ID($0) })
      case .tags:
        tags = try posted.tags("tags")
      case .firstName: firstName = try posted.optionalText("first_name", max: 100)
      case .lastName: lastName = try posted.optionalText("last_name", max: 100)
      case .email:
        email = try posted.optionalField(
          "email", orElse: L("That does not look like an e-mail address."),
          read: { EmailAddress($0) })
      case .phone:
        phone = try posted.phone("phone").0
      case .role: role = try posted.optionalText("role", max: RoleForm.max)
      case .day:
        day = try posted.field("day", orElse: L("Choose a day."), read: { Day($0) })
      case .why: reason = try posted.optionalText("reason", max: 500)
      case .reason:
        let text: Field<String, L> = try posted.text(
          "reason", max: 500, orElse: L("Say why, for those who come after you."))
        reason = Field(typed: text.typed, value: text.value, error: text.error)
      }
    }
  }

  var isComplete: Bool { problems.isEmpty }

  mutating func explain(_ refusal: Lead.Refusal) {
    let message: L =
      switch refusal {
      case .alreadyThere: L("The lead is already there.")
      case .reasonNeeded: L("Say why.")
      case .clientNameNeeded: L("Give the client a name.")
      case .personNeeded: L("Give at least a name, an address or a number.")
      case .isDeleted: L("The lead was deleted. Restore it first.")
      default: L("Somebody was quicker. Look again, then decide.")
      }
    switch (refusal, deed) {
    case (.clientNameNeeded, _): client.error = message
    case (.ownerUnknown, _): owner.error = L("Choose somebody from the list.")
    case (.alreadyThere, .assignment): owner.error = L("The lead is theirs already.")
    case (.alreadyThere, .contacts): email.error = L("This person stands there already.")
    case (.personNeeded, _): lastName.error = message
    case (.twoPeople, _): email.error = .twoPeople
    case (.emailDiffers, _): email.error = .emailDiffers
    case (.phoneDiffers, _): phone.error = .phoneDiffers
    case (.emailAlreadyKnown, _): email.error = L("Another contact has this address.")
    case (.phoneAlreadyKnown, _): phone.error = L("Another contact has this number.")
    case (.alreadyThere, .followUp): day.error = L("It is on that day already.")
    case (.alreadyThere, .answer): reason.error = L("Somebody has answered them already.")
    case (.alreadyThere, .stage): stage.error = message
    case (.alreadyThere, .outcome): outcome.error = message
    case (.alreadyThere, .contactStatus): contactStatus.error = message
    case (.tooManyTags, _): tags.error = L("A lead has 20 tags at most.")
    case (.reasonNeeded, _): reason.error = message
    default: problem = message
    }
  }

  mutating func explain(_ overtaken: LeadDeed.Overtaken) {
    isOvertaken = true
    was = deed.standing(of: overtaken.lead)
    problem = L(
      "Somebody was quicker: “\(deed.standingWords(of: overtaken.lead))” is saved now. What you chose is still here; send it again to put it in its place."
    )
  }

  /// The form's errors for the summary above the page, by the ids of the inputs.
  var problems: [FieldProblem] {
    FormErrors(
      [
        ("stage", stage.error), ("outcome", outcome.error), ("value", value.error),
        ("client", client.error), ("first_name", firstName.error), ("last_name", lastName.error),
        ("email", email.error), ("phone", phone.error),
        ("role", role.error), ("contact_status", contactStatus.error),
        ("tags", tags.error), ("owner", owner.error), ("day", day.error),
        ("reason", reason.error), ("problem", problem),
      ].map { (name: "\(deed.rawValue)-\($0.0)", error: $0.1) }
    ).problems
  }
}

/// The form as the page shows it: folded away until it is wanted.
struct LeadDeedLine: Templated {
  let form: LeadDeedForm
  /// It came back with something wrong.
  let isOpen: Bool
  let currency: Currency
  /// Where its numbers are dialled.
  let phoneRegion: PhoneRegion?
  /// Everybody it can be given to.
  let members: [Member]
  let vocabulary: Vocabulary

  private var inputs: [Input] {
    form.deed.questions.map {
      Input($0, form, currency: currency, members: members, vocabulary: vocabulary)
    }
  }

  struct Input: Templated {
    let id: String
    let name: String
    let label: L
    let typed: String
    let error: L?
    var options: [Choice] = []
    var suggestions: [Suggestion] = []
    var isRequired = false
    var isDay = false
    var hint: L?

    static let keys = Keys<Input>()
      .text("input_id", \.id).text("input_name", \.name).text("input_label", \.label)
      .text("typed", \.typed).text("input_error", \.error).flag("required", \.isRequired)
      .text("input_hint", \.hint).flag("is_choice") { !$0.options.isEmpty }
      .flag("is_day", \.isDay).list("options", \.options)
      .flag("has_suggestions") { !$0.suggestions.isEmpty }.list("suggestions", \.suggestions)
  }

  static let keys = Keys<LeadDeedLine>()
    .text("deed", \.form.deed.rawValue).text("deed_summary") { $0.form.deed.summary }
    .flag("deed_guarded") { $0.form.was != nil }.text("deed_was", \.form.was)
    .text("deed_problem", \.form.problem)
    .text("deed_hint") { $0.form.deed.hint }.text("deed_button") { $0.form.deed.button }
    .flag("deed_dangerous") { $0.form.deed.isDangerous }.flag("deed_open", \.isOpen)
    .text("phone_region") { $0.form.deed.questions.contains(.phone) ? $0.phoneRegion?.code : nil }
    .text("deed_currency") { $0.form.deed.questions.contains(.value) ? $0.currency.code : nil }
    .list("inputs") { $0.inputs }
}

extension LeadDeedLine.Input {
  init(
    _ question: LeadDeed.Question, _ form: LeadDeedForm, currency: Currency, members: [Member],
    vocabulary: Vocabulary
  ) {
    func id(_ name: String) -> String { "\(form.deed.rawValue)-\(name)" }
    switch question {
    case .stage:
      self.init(
        id: id("stage"), name: "stage", label: L("Stage"), typed: form.stage.typed,
        error: form.stage.error,
        options: Choice.all(chosen: form.stage.typed) { (stage: Lead.Stage) in stage.words })
    case .outcome:
      self.init(
        id: id("outcome"), name: "outcome", label: L("Outcome"), typed: form.outcome.typed,
        error: form.outcome.error,
        options: Choice.all(chosen: form.outcome.typed) { (outcome: Lead.Outcome) in outcome.words }
      )
    case .value:
      self.init(
        id: id("value"), name: "value", label: L("Value in \(currency.code)"),
        typed: form.value.typed,
        error: form.value.error)
    case .client:
      self.init(
        id: id("client"), name: "client", label: L("Client, where it is won"),
        typed: form.client.typed, error: form.client.error,
        suggestions: vocabulary.clients.map { Suggestion(name: L(verbatim: $0)) },
        hint: L("A client of this name is found, or made."))
    case .contactStatus:
      self.init(
        id: id("contact_status"), name: "contact_status", label: L("Contact status"),
        typed: form.contactStatus.typed, error: form.contactStatus.error,
        options: Choice.all(chosen: form.contactStatus.typed) { (status: Lead.ContactStatus) in
          status.words
        })
    case .owner:
      self.init(
        id: id("owner"), name: "owner", label: L("Owner"), typed: form.owner.typed,
        error: form.owner.error, options: Choice.owners(members, chosen: form.owner.typed))
    case .tags:
      self.init(
        id: id("tags"), name: "tags", label: L("Tags"), typed: form.tags.typed,
        error: form.tags.error,
        suggestions: Suggestion.tags(
          vocabulary.tags, after: Tags(typed: form.tags.typed)?.words ?? []),
        hint: L("Words with commas between them, such as: intent_purchase, vip"))
    case .firstName:
      self.init(
        id: id("first_name"), name: "first_name", label: L("First name"),
        typed: form.firstName.typed, error: form.firstName.error)
    case .lastName:
      self.init(
        id: id("last_name"), name: "last_name", label: L("Last name"), typed: form.lastName.typed,
        error: form.lastName.error)
    case .email:
      self.init(
        id: id("email"), name: "email", label: L("E-mail"), typed: form.email.typed,
        error: form.email.error)
    case .phone:
      self.init(
        id: id("phone"), name: "phone", label: L("Phone"), typed: form.phone.typed,
        error: form.phone.error)
    case .role:
      self.init(
        id: id("role"), name: "role", label: L("Role"), typed: form.role.typed,
        error: form.role.error, suggestions: Suggestion.roles,
        hint: L("What they are here, in a few words."))
    case .day:
      self.init(
        id: id("day"), name: "day", label: L("Day"), typed: form.day.typed, error: form.day.error,
        isDay: true)
    case .why, .reason:
      self.init(
        id: id("reason"), name: "reason", label: L("Reason"), typed: form.reason.typed,
        error: form.reason.error, isRequired: question == .reason, hint: form.deed.whyHint)
    }
  }
}

extension LeadDeed {
  fileprivate var whyHint: L? {
    switch self {
    case .stage: L("Needed when the lead moves back.")
    case .outcome: L("Needed for lost and unqualified, and to take a win back.")
    default: nil
    }
  }
}
