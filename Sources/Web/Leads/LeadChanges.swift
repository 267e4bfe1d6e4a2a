import CRM
import HTTP
import HTTPTypes
import Postgres
import Templating

/// Capturing and changing leads.
enum LeadChanges {
  static func add(to router: inout Router<Answer>) {
    router.get("/leads/new", .may(.writeLeads), new)
    router.post("/leads", .may(.writeLeads), create)
    router.get("/leads/{id}/edit", .may(.writeLeads), edit)
    router.post("/leads/{id}", .may(.writeLeads), save)
    router.post("/leads/{id}/contacts/{contact}/primary", .may(.writeLeads), makePrimary)
    router.post("/leads/{id}/contacts/{contact}/removal", .may(.writeLeads), removePerson)
    router.post("/leads/{id}/contacts/{contact}/role", .may(.writeLeads), setRole)
    router.post("/leads/{id}/contacts/{contact}/prohibition", .may(.writeLeads)) {
      try changePermission($0, isAllowed: false)
    }
    router.post("/leads/{id}/contacts/{contact}/permission", .may(.writeLeads)) {
      try changePermission($0, isAllowed: true)
    }
    for deed in LeadDeed.allCases {
      router.post("/leads/{id}/\(deed.rawValue)", .may(.writeLeads)) { try carryOut(deed, $0) }
    }
  }

  private static func new(_ visit: Visit) throws -> Response {
    let (desk, members, rule, vocabulary, region) = try visit.read(
      Member.active, AssignmentRule.current, Tags.vocabulary, Tenant.phoneRegion)
    let form = LeadForm(owner: desk.viewer.id, phoneRegion: region)
    return try visit.page(
      NewLeadPage(desk, form, members: members, rule: rule, vocabulary: vocabulary), desk)
  }

  private static func create(_ visit: Visit) throws -> Response {
    let posted = try visit.request.form
    var form = try LeadForm(posted)
    guard let details = form.details else { return try again(visit, form) }
    let words = form.message.typed.trimmed
    let intake = Intake(
      details, message: words.isEmpty ? nil : words,
      duplicates: try posted.value("duplicates") == nil ? .ask : .addAnyway)
    do {
      return try capture(visit, intake)
    } catch let found as Intake.DuplicatesFound {
      return try again(visit, form, duplicates: found.leads)
    } catch let refusal as Lead.Refusal {
      guard form.explain(refusal) else { throw refusal }
      return try again(visit, form)
    } catch let error as PostgresError {
      guard let refusal = Lead.Refusal(error), form.explain(refusal) else { throw error }
      return try again(visit, form)
    }
  }

  private static func capture(_ visit: Visit, _ intake: Intake) throws -> Response {
    let id = ID<Lead>()
    let work: (Transaction<PostEntry>) throws -> String = { tx in
      try Lead.capture(intake, as: id, in: tx)
      return Links.lead(id, .leadCreated)
    }
    do {
      return try visit.post(work)
    } catch let error as PostgresError
      where ["contacts_email_key", "contacts_phone_key"].contains(error.constraint ?? "")
    {
      // Somebody captured the same person at this moment; now they are found.
      return try visit.post(work)
    }
  }

  private static func again(
    _ visit: Visit, _ form: LeadForm, duplicates: [Duplicate] = []
  ) throws -> Response {
    let (desk, members, rule, vocabulary) = try visit.read(
      Member.active, AssignmentRule.current, Tags.vocabulary)
    return try visit.page(
      NewLeadPage(
        desk, form, members: members, rule: rule, vocabulary: vocabulary, duplicates: duplicates),
      desk,
      status: duplicates.isEmpty ? .unprocessableContent : .conflict)
  }

  private static func edit(_ visit: Visit) throws -> Response {
    let id = try visit.id(Lead.self)
    let (desk, lead, contacts, others, members, region) = try visit.read(
      Lead.find(id), Contact.all(of: id), Person.otherLeads(of: id), Member.active,
      Tenant.phoneRegion)
    guard let lead else { throw NotFound() }
    let contact = contacts.first { $0.isPrimary }
    let page = EditLeadPage(
      desk, lead, contact: contact, others: others,
      LeadForm(lead, contact: contact, in: desk.viewer.currency, phoneRegion: region),
      seen: lead.revision, members: members, savedBy: nil)
    return try visit.page(page, desk)
  }

  private static func save(_ visit: Visit) throws -> Response {
    let id = try visit.id(Lead.self)
    let posted = try visit.request.form
    var form = try LeadForm(posted)
    let revision = try posted.value("revision").flatMap { Int(strictDecimal: $0) } ?? 0
    guard let details = form.details else { return try editAgain(visit, id, form, seen: revision) }
    do {
      return try visit.post { tx in
        try Lead.edit(id, seen: revision, details, in: tx)
        return Links.lead(id, .leadSaved)
      }
    } catch Lead.Refusal.changedMeanwhile {
      return try editAgain(visit, id, form, seen: revision, isConflict: true)
    } catch let refusal as Lead.Refusal {
      guard form.explain(refusal) else { throw refusal }
      return try editAgain(visit, id, form, seen: revision)
    } catch let error as PostgresError {
      guard let refusal = Lead.Refusal(error), form.explain(refusal) else { throw error }
      return try editAgain(visit, id, form, seen: revision)
    }
  }

  private static func editAgain(
    _ visit: Visit, _ id: ID<Lead>, _ form: LeadForm, seen revision: Int, isConflict: Bool = false
  ) throws -> Response {
    let (desk, lead, contacts, others, members, saver) = try visit.read(
      Lead.find(id), Contact.all(of: id), Person.otherLeads(of: id), Member.active,
      AuditRow.lastActor(on: id))
    guard let lead else { throw NotFound() }
    let page = EditLeadPage(
      desk, lead, contact: contacts.first { $0.isPrimary }, others: others, form, seen: revision,
      members: members,
      savedBy: isConflict ? saver ?? "" : nil)
    return try visit.page(page, desk, status: isConflict ? .conflict : .unprocessableContent)
  }

  private static func carryOut(_ deed: LeadDeed, _ visit: Visit) throws -> Response {
    let id = try visit.id(Lead.self)
    var form = try LeadDeedForm(deed, visit.request.form)
    guard form.isComplete else { return try LeadPages.show(visit, id: id, returned: .deed(form)) }
    do {
      return try visit.post { tx in
        try deed.carryOut(form, on: id, in: tx)
        return Links.said(deed.tab.url(id), deed.notice)
      }
    } catch let overtaken as LeadDeed.Overtaken {
      form.explain(overtaken)
      return try LeadPages.show(visit, id: id, returned: .deed(form))
    } catch let refusal as Lead.Refusal {
      form.explain(refusal)
      return try LeadPages.show(visit, id: id, returned: .deed(form))
    } catch let error as PostgresError {
      guard let refusal = Lead.Refusal(error) else { throw error }
      form.explain(refusal)
      return try LeadPages.show(visit, id: id, returned: .deed(form))
    }
  }

  private static func makePrimary(_ visit: Visit) throws -> Response {
    try changePeople(visit) { lead, person, tx in try lead.makePrimary(person, in: tx) }
  }

  private static func removePerson(_ visit: Visit) throws -> Response {
    try changePeople(visit) { lead, person, tx in try lead.remove(person, in: tx) }
  }

  private static func changePeople(
    _ visit: Visit, _ change: (Lead, Contact, Transaction<PostEntry>) throws -> Void
  ) throws -> Response {
    let id = try visit.id(Lead.self)
    let contact = try visit.id(Contact.self, "contact")
    return try visit.post { tx in
      try Lead.changePeople(id, contact, in: tx) { lead, person in try change(lead, person, tx) }
      return Links.lead(id, .leadSaved)
    }
  }

  private static func setRole(_ visit: Visit) throws -> Response {
    let id = try visit.id(Lead.self)
    var form = try RoleForm(try visit.id(Contact.self, "contact"), visit.request.form)
    guard let role = form.role.value else {
      return try LeadPages.show(visit, id: id, returned: .role(form))
    }
    do {
      return try changePeople(visit) { lead, person, tx in
        form.saved = person.role ?? ""
        try lead.setRole(of: person, to: role, seen: form.was, in: tx)
      }
    } catch Lead.Refusal.changedMeanwhile {
      form.explainConflict()
      return try LeadPages.show(visit, id: id, returned: .role(form))
    }
  }

  private static func changePermission(_ visit: Visit, isAllowed: Bool) throws -> Response {
    let id = try visit.id(Lead.self)
    let contact = try visit.id(Contact.self, "contact")
    var form = try PermissionForm(contact, isAllowed: isAllowed, visit.request.form)
    guard let reason = form.reason.value else {
      return try LeadPages.show(visit, id: id, returned: .permission(form))
    }
    let (kind, work) = (form.kind, isAllowed ? Notice.permissionGiven : .permissionTaken)
    do {
      return try visit.post { tx in
        try Lead.changePermission(
          id, contact, kind, isAllowed: isAllowed, reason: reason, in: tx)
        return Links.lead(id, work)
      }
    } catch let error as PostgresError
      where ["dnc_entries_live_key", "dnc_entries_removed"].contains(error.constraint)
    {
      form.reason.error = L("Somebody was quicker. Look again, then decide.")
      return try LeadPages.show(visit, id: id, returned: .permission(form))
    } catch Lead.Refusal.alreadyThere {
      form.reason.error = L("Somebody was quicker. Look again, then decide.")
      return try LeadPages.show(visit, id: id, returned: .permission(form))
    }
  }
}
