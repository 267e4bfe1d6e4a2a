import CRM
import HTTP
import HTTPTypes
import Templating

struct NewLeadPage: Page {
  let desk: Desk
  let form: LeadForm
  let owners: [Choice]
  /// What this lead may be already.
  let duplicates: [DuplicateLine]

  init(_ desk: Desk, _ form: LeadForm, members: [Member], duplicates: [Duplicate] = []) {
    self.desk = desk
    self.form = form
    owners = Choice.owners(members, chosen: form.owner.typed)
    self.duplicates = duplicates.map { DuplicateLine(duplicate: $0, viewer: desk.viewer) }
  }

  struct DuplicateLine: Templated {
    let duplicate: Duplicate
    let viewer: Viewer

    private var row: LeadListPage.Row { LeadListPage.Row(duplicate.lead, viewer) }

    static let keys = Keys<DuplicateLine>()
      .text("lead_id") { $0.row.id }.text("lead_title") { $0.row.title }
      .text("lead_company") { $0.row.company }.text("lead_person") { $0.row.personName }
      .text("lead_stage") { $0.row.stageName }.text("lead_owner") { $0.row.ownerName }
      .text("why") {
        $0.duplicate.isSamePerson ? L("the same person") : L("a similar name and company")
      }
  }

  private var known: DuplicateLine? { duplicates.first { $0.duplicate.isSamePerson } }

  static let template = "leads/new"
  static let keys = Keys<NewLeadPage>().include(\.desk).include(\.form).flag("is_new") { _ in true }
    .text("currency", \.desk.viewer.currency)
    .list("owner_options", \.owners).list("source_options") { _ in SourceSuggestion.all }
    .flag("has_duplicates") { !$0.duplicates.isEmpty }.list("duplicates", \.duplicates)
    .text("add_anyway") { page in
      page.known.map {
        L("Add a new lead for \($0.duplicate.lead.personName ?? $0.duplicate.lead.email ?? "–")")
      }
        ?? L("Create it anyway")
    }
}

struct EditLeadPage: Page {
  let desk: Desk
  let lead: Lead
  let form: LeadForm
  let revision: String
  let owners: [Choice]
  /// What somebody else saved meanwhile; nil where nobody did.
  let conflict: Conflict?

  struct Conflict {
    let by: String
    let moment: Moment
    let fields: [SavedField]
  }

  struct SavedField: Templated {
    let label: L
    let value: String

    static let keys = Keys<SavedField>().text("label", \.label).text("saved_value", \.value)
  }

  init(
    _ desk: Desk, _ lead: Lead, contact: Contact?, _ form: LeadForm, members: [Member],
    savedBy: String?
  ) {
    self.desk = desk
    self.lead = lead
    self.form = form
    revision = String(lead.revision)
    owners = Choice.owners(members, chosen: form.owner.typed)
    conflict =
      savedBy.map { name in
        Conflict(
          by: name, moment: Moment(lead.updatedAt, now: desk.viewer.now),
          fields: Self.differences(
            between: form, and: LeadForm(lead, contact: contact, phoneRegion: nil)))
      }
  }

  private static func differences(between typed: LeadForm, and saved: LeadForm) -> [SavedField] {
    let pairs: [(L, String, String)] = [
      (L("Title"), typed.title.typed, saved.title.typed),
      (L("Description"), typed.description.typed, saved.description.typed),
      (L("Estimated value"), typed.estimatedValue.typed, saved.estimatedValue.typed),
      (L("Source"), typed.source.typed, saved.source.typed),
      (L("Language"), typed.language.typed, saved.language.typed),
      (L("First name"), typed.firstName.typed, saved.firstName.typed),
      (L("Last name"), typed.lastName.typed, saved.lastName.typed),
      (L("Company"), typed.company.typed, saved.company.typed),
      (L("E-mail"), typed.email.typed, saved.email.typed),
      (L("Phone"), typed.phone.typed, saved.phone.typed),
    ]
    return pairs.filter { !$0.1.utf8.elementsEqual($0.2.utf8) }
      .map { SavedField(label: $0.0, value: $0.2) }
  }

  static let template = "leads/edit"
  static let keys = Keys<EditLeadPage>().include(\.desk).include(\.form).flag("is_new") { _ in false
  }
  .text("currency", \.desk.viewer.currency)
  .list("owner_options", \.owners).list("source_options") { _ in SourceSuggestion.all }
  .text("lead_id") { $0.lead.id.description }.text("saved_title", \.lead.title)
  .text("revision", \.revision)
  .flag("conflict") { $0.conflict != nil }
  .text("conflict_by") { $0.conflict?.by ?? "" }
  .text("conflict_when") { $0.conflict?.moment.said }
  .text("conflict_exact") { $0.conflict?.moment.exact }
  .text("conflict_iso") { $0.conflict?.moment.iso }
  .list("conflict_fields") { $0.conflict?.fields ?? [] }
}
