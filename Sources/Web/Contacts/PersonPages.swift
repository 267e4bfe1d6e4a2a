import CRM
import HTTP
import HTTPTypes
import Postgres
import Templating

/// A person: who it is, the leads they stand at, and the same person known twice.
enum PersonPages {
  static func add(to router: inout Router<Answer>) {
    router.get("/contacts/{id}", .may(.readLeads), show)
    router.post("/contacts/{id}", .may(.writeLeads), save)
    router.get("/contacts/{id}/merge", .may(.writeLeads), choose)
    router.post("/contacts/{id}/merge", .may(.writeLeads), merge)
  }

  private static func show(_ visit: Visit) throws -> Response {
    try show(visit, form: nil, isConflict: false)
  }

  private static func show(
    _ visit: Visit, form: PersonForm?, isConflict: Bool
  ) throws -> Response {
    let id = try visit.id(Contact.self)
    let (desk, person, leads, region) = try visit.read(
      Person.find(id), Person.leads(of: id), Tenant.phoneRegion)
    guard let person else { throw NotFound() }
    let page = PersonPage(
      desk, person, leads, form ?? PersonForm(person, phoneRegion: region), isConflict: isConflict)
    let status: HTTPResponse.Status =
      isConflict ? .conflict : form == nil ? .ok : .unprocessableContent
    return try visit.page(page, desk, status: status)
  }

  private static func save(_ visit: Visit) throws -> Response {
    let id = try visit.id(Contact.self)
    var form = try PersonForm(visit.request.form)
    guard let details = form.details else { return try show(visit, form: form, isConflict: false) }
    do {
      return try visit.post { tx in
        try Person.edit(id, seen: form.version, details, in: tx)
        return Links.said("\(Links.contacts)/\(id)", .leadSaved)
      }
    } catch Person.Refusal.changedMeanwhile {
      return try show(visit, form: form, isConflict: true)
    } catch let refusal as Person.Refusal {
      form.explain(refusal)
      return try show(visit, form: form, isConflict: false)
    } catch let error as PostgresError {
      guard let refusal = Person.Refusal(error) else { throw error }
      form.explain(refusal)
      return try show(visit, form: form, isConflict: false)
    }
  }

  private static func choose(_ visit: Visit) throws -> Response {
    let id = try visit.id(Contact.self)
    if let other = try visit.queryID("with", of: Contact.self) {
      return try compare(visit, id, other, taken: nil, refusal: nil)
    }
    let typed = try visit.request.query.value("q")?.trimmed ?? ""
    let (desk, person, found) = try visit.read(Person.find(id), Person.search(typed))
    guard let person, !person.isDeleted else { throw NotFound() }
    return try visit.page(
      PersonMergeSearchPage(
        desk, person.contact, typed.isEmpty ? [] : found.filter { $0.id != id }, words: typed), desk
    )
  }

  private static func merge(_ visit: Visit) throws -> Response {
    let id = try visit.id(Contact.self)
    let posted = try visit.request.form
    // Without one, an id that nothing has: who may not merge is told that first.
    let other = try posted.value("with").flatMap { ID<Contact>($0) } ?? ID()
    func version(_ name: String) throws -> Int {
      try posted.value(name).flatMap { Int(strictDecimal: $0) } ?? 0
    }
    let taken = Set(
      try PersonMerge.Field.allCases.filter { try posted.value("take_\($0.rawValue)") == "other" })
    let merge = PersonMerge(
      keeping: .init(id, version: try version("revision")),
      other: .init(other, version: try version("other_revision")), taking: taken)
    let operation = ID<Operation>()
    do {
      return try visit.post { tx in
        try merge.carryOut(as: operation, in: tx)
        return Links.operation(operation)
      }
    } catch let refusal as Person.Refusal {
      return try compare(visit, id, other, taken: taken, refusal: refusal)
    }
  }

  private static func compare(
    _ visit: Visit, _ id: ID<Contact>, _ other: ID<Contact>, taken: Set<PersonMerge.Field>?,
    refusal: Person.Refusal?
  ) throws -> Response {
    let (desk, stays, goes) = try visit.read(Person.find(id), Person.find(other))
    guard let stays, let goes, id != other, !stays.isDeleted, !goes.isDeleted else {
      throw NotFound()
    }
    return try visit.page(
      PersonMergePage(desk, stays, goes, taken: taken, refusal: refusal), desk,
      status: refusal == nil ? .ok : .conflict)
  }
}

/// What was typed about a person.
struct PersonForm {
  let version: Int
  var firstName = Field<String?, L>()
  var lastName = Field<String?, L>()
  var email = Field<EmailAddress?, L>()
  var phone = Field<PhoneNumber?, L>()
  let phoneRegion: PhoneRegion?

  init(_ person: Person, phoneRegion: PhoneRegion?) {
    version = person.version
    self.phoneRegion = phoneRegion
    firstName.typed = person.contact.firstName ?? ""
    lastName.typed = person.contact.lastName ?? ""
    email.typed = person.contact.email ?? ""
    phone.typed = person.contact.phone ?? ""
  }

  init(_ posted: PostedForm) throws {
    version = try posted.value("version").flatMap { Int(strictDecimal: $0) } ?? 0
    firstName = try posted.optionalText("first_name", max: 100)
    lastName = try posted.optionalText("last_name", max: 100)
    email = try posted.optionalField(
      "email", orElse: L("That does not look like an e-mail address."), read: { EmailAddress($0) })
    (phone, phoneRegion) = try posted.phone("phone")
  }

  /// Nil while any field has something wrong.
  var details: ContactDetails? {
    guard let firstName = firstName.value, let lastName = lastName.value, let email = email.value,
      let phone = phone.value
    else { return nil }
    return ContactDetails(firstName: firstName, lastName: lastName, email: email, phone: phone)
  }

  mutating func explain(_ refusal: Person.Refusal) {
    switch refusal {
    case .emailAlreadyKnown:
      email.error = L("Another contact has this address. If it is the same person, merge the two.")
    case .phoneAlreadyKnown:
      phone.error = L("Another contact has this number. If it is the same person, merge the two.")
    case .emptied, .withItself, .changedMeanwhile, .permissionsDiffer:
      lastName.error = L("Keep at least a name, an address or a number of this person.")
    }
  }

  var problems: [FieldProblem] {
    FormErrors([
      ("first_name", firstName.error), ("last_name", lastName.error), ("email", email.error),
      ("phone", phone.error),
    ]).problems
  }
}
