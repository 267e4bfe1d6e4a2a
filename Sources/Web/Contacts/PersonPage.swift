import CRM
import HTTP
import Templating

struct PersonPage: Page {
  let desk: Desk
  let person: Person
  let leads: [Standing]
  let form: PersonForm
  let isConflict: Bool

  init(
    _ desk: Desk, _ person: Person, _ leads: [Person.Standing], _ form: PersonForm, isConflict: Bool
  ) {
    self.desk = desk
    self.person = person
    self.leads = leads.map {
      Standing(row: LeadListPage.Row($0.lead, desk.viewer), role: $0.role)
    }
    self.form = form
    self.isConflict = isConflict
  }

  struct Standing: Templated {
    let row: LeadListPage.Row
    let role: String?

    static let keys = Keys<Standing>().include(\.row).text("role", \.role)
  }

  private var mayChange: Bool { desk.viewer.may(.writeLeads) && !person.isDeleted }
  private var saved: Contact { person.contact }

  static let template = "contacts/show"
  static let keys = Keys<PersonPage>().include(\.desk)
    .text("contact_id") { $0.saved.id.description }.text("words") { $0.saved.words }
    .flag("gone", \.person.isDeleted).flag("may_change") { $0.mayChange }
    .flag("conflict", \.isConflict)
    .text("saved") { page in
      [page.saved.firstName, page.saved.lastName, page.saved.email, page.saved.phone]
        .compactMap { $0 }.joined(separator: " · ")
    }
    .text("version") { String($0.isConflict ? $0.person.version : $0.form.version) }
    .text("phone_region") { $0.form.phoneRegion?.code }
    .text("first_name", \.form.firstName.typed).text("first_name_error", \.form.firstName.error)
    .text("last_name", \.form.lastName.typed).text("last_name_error", \.form.lastName.error)
    .text("email", \.form.email.typed).text("email_error", \.form.email.error)
    .text("phone", \.form.phone.typed).text("phone_error", \.form.phone.error)
    .flag("has_errors") { !$0.form.problems.isEmpty }.list("errors") { $0.form.problems }
    .flag("has_leads") { !$0.leads.isEmpty }.list("leads", \.leads)
}

struct PersonMergeSearchPage: Page {
  let desk: Desk
  let contact: Contact
  let candidates: [Line]
  let words: String

  init(_ desk: Desk, _ contact: Contact, _ found: [Contact], words: String) {
    self.desk = desk
    self.contact = contact
    self.words = words
    candidates = found.map(Line.init)
  }

  struct Line: Templated {
    let contact: Contact

    static let keys = Keys<Line>()
      .text("candidate_id") { $0.contact.id.description }.text("candidate") { $0.contact.words }
      .text("candidate_ways") { line in
        [line.contact.email, line.contact.phone].compactMap { $0 }.joined(separator: " · ")
      }
  }

  static let template = "contacts/merge_search"
  static let keys = Keys<PersonMergeSearchPage>().include(\.desk)
    .text("contact_id") { $0.contact.id.description }.text("words") { $0.contact.words }
    .text("q", \.words).flag("searched") { !$0.words.isEmpty }
    .flag("has_candidates") { !$0.candidates.isEmpty }.list("candidates", \.candidates)
}

struct PersonMergePage: Page {
  let desk: Desk
  let stays: Person
  let goes: Person
  let choices: [ChoiceLine]
  let refusal: Person.Refusal?

  init(
    _ desk: Desk, _ stays: Person, _ goes: Person, taken: Set<PersonMerge.Field>?,
    refusal: Person.Refusal?
  ) {
    self.desk = desk
    self.stays = stays
    self.goes = goes
    self.refusal = refusal
    choices = PersonMerge.Field.allCases.compactMap { field in
      let (one, other) = (Self.value(field, of: stays), Self.value(field, of: goes))
      guard !one.utf8.elementsEqual(other.utf8) else { return nil }
      return ChoiceLine(
        name: field.rawValue, label: LeadField(field.rawValue).words, one: one, other: other,
        isOtherTaken: taken.map { $0.contains(field) } ?? one.isEmpty)
    }
  }

  private static func value(_ field: PersonMerge.Field, of person: Person) -> String {
    switch field {
    case .firstName: person.contact.firstName ?? ""
    case .lastName: person.contact.lastName ?? ""
    case .email: person.contact.email ?? ""
    case .phone: person.contact.phone ?? ""
    }
  }

  static let template = "contacts/merge"
  static let keys = Keys<PersonMergePage>().include(\.desk)
    .text("contact_id") { $0.stays.contact.id.description }.text("words") { $0.stays.contact.words }
    .text("other_id") { $0.goes.contact.id.description }
    .text("other_words") { $0.goes.contact.words }
    .text("revision") { String($0.stays.version) }.text("other_revision") {
      String($0.goes.version)
    }
    .text("refusal") { page in
      page.refusal.map {
        $0 == .permissionsDiffer
          ? L("One of the two is not to be contacted and the other may be. Settle that first.")
          : L("Somebody changed one of the two. Look again, then decide.")
      }
    }
    .flag("has_choices") { !$0.choices.isEmpty }.list("choices", \.choices)
}
