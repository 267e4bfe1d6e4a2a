import CRM
import HTTP
import Templating
import Text

/// What was typed about a lead, what it means, and what to say when it means nothing.
struct LeadForm: Templated {
  var title = Field<String, L>()
  var description = Field<String, L>()
  var estimatedValue = Field<Money?, L>()
  var source = Field<String?, L>()
  var owner = Field<ID<User>?, L>()
  var language = Field<WrittenLanguage?, L>()
  var expectedClose = Field<Day?, L>()
  /// Only asked of a new lead, as what the person wrote.
  var tags = Field<Tags, L>()
  var message = Field<String, L>()
  var firstName = Field<String?, L>()
  var lastName = Field<String?, L>()
  var company = Field<String?, L>()
  var email = Field<EmailAddress?, L>()
  var phone = Field<PhoneNumber?, L>()
  /// Where the form's numbers are dialled; it says so itself, so that reading it asks nobody.
  var phoneRegion: PhoneRegion?

  /// An empty form for a new lead, which its writer will own.
  init(owner: ID<User>, phoneRegion: PhoneRegion?) {
    self.owner.typed = owner.description
    self.phoneRegion = phoneRegion
  }

  init(_ posted: PostedForm) throws {
    title = try posted.text("title", max: 200, orElse: L("Give the lead a title."))
    description = try posted.optionalMultiline("description", max: 10_000)
    estimatedValue = try posted.amount("estimated_value")
    source = try posted.optionalText("source", max: 100)
    owner = try posted.optionalField(
      "owner", orElse: L("Choose somebody from the list."), read: { ID($0) })
    language = try posted.optionalField(
      "language", orElse: L("Choose a language from the list."),
      read: { WrittenLanguage(rawValue: $0) })
    expectedClose = try posted.optionalField(
      "expected_close_date", orElse: L("Choose a day."), read: { Day($0) })
    tags = try posted.tags("tags")
    message = try posted.optionalMultiline("message", max: Message.lengthMax)
    firstName = try posted.optionalText("first_name", max: 100)
    lastName = try posted.optionalText("last_name", max: 100)
    company = try posted.optionalText("company", max: 200)
    email = try posted.optionalField(
      "email", orElse: L("That does not look like an e-mail address."), read: { EmailAddress($0) })
    (phone, phoneRegion) = try posted.phone("phone")
  }

  /// The form filled with what is saved.
  init(_ lead: Lead, contact: Contact?, in currency: Currency, phoneRegion: PhoneRegion?) {
    self.phoneRegion = phoneRegion
    title.typed = lead.title
    description.typed = lead.description
    estimatedValue.typed = lead.estimatedValue?.digits(in: currency) ?? ""
    source.typed = lead.source ?? ""
    owner.typed = lead.owner?.id.description ?? ""
    language.typed = lead.language?.rawValue ?? ""
    expectedClose.typed = lead.expectedClose.map { Day(of: $0).text } ?? ""
    firstName.typed = contact?.firstName ?? ""
    lastName.typed = contact?.lastName ?? ""
    company.typed = lead.company ?? ""
    email.typed = contact?.email ?? ""
    phone.typed = contact?.phone ?? ""
  }

  /// Nil while any field has something wrong.
  var details: LeadDetails? {
    guard let title = title.value, let description = description.value,
      let estimatedValue = estimatedValue.value, let source = source.value,
      let owner = owner.value, let language = language.value,
      let expectedClose = expectedClose.value, let tags = tags.value, message.error == nil,
      let firstName = firstName.value, let lastName = lastName.value,
      let company = company.value, let email = email.value, let phone = phone.value
    else { return nil }
    return LeadDetails(
      title: title, description: description, company: company, source: source,
      estimatedValue: estimatedValue, owner: owner, language: language,
      expectedClose: expectedClose,
      tags: tags,
      contact: ContactDetails(firstName: firstName, lastName: lastName, email: email, phone: phone))
  }

  /// Puts the sentence of a refusal beside the field it is about; false for one that is about none.
  mutating func explain(_ refusal: Lead.Refusal) -> Bool {
    switch refusal {
    case .emailAlreadyKnown: email.error = L("Another contact has this address.")
    case .phoneAlreadyKnown: phone.error = L("Another contact has this number.")
    case .twoPeople: email.error = .twoPeople
    case .emailDiffers: email.error = .emailDiffers
    case .phoneDiffers: phone.error = .phoneDiffers
    case .ownerUnknown: owner.error = L("Choose somebody from the list.")
    case .contactEmptied:
      lastName.error = L("Keep at least a name, an address or a number of this person.")
    case .changedMeanwhile, .alreadyThere, .reasonNeeded, .isDeleted, .clientNameNeeded,
      .isPrimary, .personNeeded, .isClosed, .tooManyTags, .othersNow, .nothingChanges, .isMerged:
      return false
    }
    return true
  }

  var errors: FormErrors {
    FormErrors([
      ("title", title.error), ("description", description.error),
      ("estimated_value", estimatedValue.error), ("source", source.error),
      ("owner", owner.error), ("language", language.error),
      ("expected_close_date", expectedClose.error), ("tags", tags.error),
      ("message", message.error),
      ("first_name", firstName.error), ("last_name", lastName.error),
      ("company", company.error), ("email", email.error), ("phone", phone.error),
    ])
  }

  static let keys = Keys<LeadForm>()
    .text("title", \.title.typed).text("title_error", \.title.error)
    .text("description", \.description.typed).text("description_error", \.description.error)
    .text("estimated_value", \.estimatedValue.typed)
    .text("estimated_value_error", \.estimatedValue.error)
    .text("source", \.source.typed).text("source_error", \.source.error)
    .text("owner_error", \.owner.error)
    .text("language_error", \.language.error).list("language_options") { form in
      [Choice(value: "", name: L("Not known"), isSelected: form.language.typed.isEmpty)]
        + Choice.all(chosen: form.language.typed) { (language: WrittenLanguage) in language.words }
    }
    .text("expected_close_date", \.expectedClose.typed)
    .text("expected_close_date_error", \.expectedClose.error)
    .text("tags", \.tags.typed).text("tags_error", \.tags.error)
    .text("message", \.message.typed).text("message_error", \.message.error)
    .text("first_name", \.firstName.typed).text("first_name_error", \.firstName.error)
    .text("last_name", \.lastName.typed).text("last_name_error", \.lastName.error)
    .text("company", \.company.typed).text("company_error", \.company.error)
    .text("email", \.email.typed).text("email_error", \.email.error)
    .text("phone", \.phone.typed).text("phone_error", \.phone.error)
    .text("phone_region", \.phoneRegion?.code)
    .flag("has_errors") { !$0.errors.problems.isEmpty }.list("errors") { $0.errors.problems }
}

extension WrittenLanguage {
  var words: L {
    switch self {
    case .english: L("English")
    case .french: L("French")
    }
  }
}

extension PostedForm {
  /// Tags on one line.
  func tags(_ name: String) throws -> Field<Tags, L> {
    try field(
      name, orElse: L("Up to 20 words of letters and digits, joined by - or _."),
      read: { Tags(typed: $0) })
  }

  /// An amount, in the currency that the form says it asked in, so that reading it asks nobody.
  func amount(_ name: String) throws -> Field<Money?, L> {
    guard let currency = try value("currency").flatMap({ Currency($0) }) else {
      return try optionalField(
        name, orElse: L("The page was too old to take an amount: send it again."),
        read: { _ in nil })
    }
    let problem =
      switch currency.decimals {
      case 0: L("Write a whole amount like 1200.")
      case 3: L("Write an amount like 1200 or 1200.500.")
      case 4: L("Write an amount like 1200 or 1200.5000.")
      default: L("Write an amount like 1200 or 1200.50.")
      }
    return try optionalField(name, orElse: problem, read: { Money($0, in: currency) })
  }

  /// A telephone number, and the region beside it in the form.
  func phone(_ name: String) throws -> (Field<PhoneNumber?, L>, PhoneRegion?) {
    let region = try value("phone_region").flatMap { PhoneRegion($0) }
    let field = try optionalField(
      name, orElse: L("That is no telephone number. From abroad it begins like +33 6 12 34 56 78."),
      read: { PhoneNumber($0, in: region) })
    return (field, region)
  }
}

/// Why somebody who is known is not simply found.
extension L {
  static let twoPeople = L("The address is one person’s and the number another’s.")
  static let emailDiffers = L(
    "Who has this number is known with another address. Leave one out, or change it on their page.")
  static let phoneDiffers = L(
    "Who has this address is known with another number. Leave one out, or change it on their page.")
}

/// Somebody or something to choose.
struct Choice: Templated {
  let value: String
  let name: L
  let isSelected: Bool

  static let keys = Keys<Choice>()
    .text("value", \.value).text("name", \.name).flag("selected", \.isSelected)

  /// Every case of a closed set.
  static func all<Value: CaseIterable & RawRepresentable>(
    chosen: String, words: (Value) -> L
  ) -> [Choice] where Value.RawValue == String {
    Value.allCases.map {
      Choice(value: $0.rawValue, name: words($0), isSelected: $0.rawValue == chosen)
    }
  }

  /// Everybody, and nobody under the words that fit the form.
  static func owners(
    _ members: [Member], chosen: String, nobody: L = L("Nobody yet"), is value: String = ""
  ) -> [Choice] {
    [Choice(value: value, name: nobody, isSelected: chosen == value)]
      + members.map { member in
        let id = member.id.description
        return Choice(value: id, name: L(verbatim: member.name), isSelected: id == chosen)
      }
  }
}

/// A usual word for a field; any other may be typed.
struct Suggestion: Templated {
  let name: L

  static let keys = Keys<Suggestion>().text("name", \.name)

  static let sources = [
    L("website"), L("referral"), L("fair"), L("phone"), L("e-mail"),
  ].map(Suggestion.init)

  /// Each as the line it would make behind those that stand there already.
  static func tags(_ vocabulary: [String], after typed: [String]) -> [Suggestion] {
    vocabulary.filter { !typed.contains($0) }
      .map { Suggestion(name: L(verbatim: (typed + [$0]).joined(separator: ", "))) }
  }

  /// What a person may be to a lead.
  static let roles = [
    L("decision maker"), L("user"), L("pays"), L("influences"),
  ].map(Suggestion.init)
}
