import CRM
import HTTP
import HTTPTypes
import Templating

struct NewLeadPage: Page {
  let desk: Desk
  let form: LeadForm
  let owners: [Choice]
  /// Tags that others have.
  let vocabulary: [String]
  /// What this lead may be already.
  let duplicates: [DuplicateLine]

  init(
    _ desk: Desk, _ form: LeadForm, members: [Member], rule: AssignmentRule, vocabulary: [String],
    duplicates: [Duplicate] = []
  ) {
    self.desk = desk
    self.form = form
    self.vocabulary = vocabulary
    owners = Choice.owners(
      members, chosen: form.owner.typed,
      nobody: rule.strategy == .manual ? L("Nobody yet") : L("By the assignment rule"))
    self.duplicates = duplicates.map { DuplicateLine(duplicate: $0, viewer: desk.viewer) }
  }

  struct DuplicateLine: Templated {
    let duplicate: Duplicate
    let viewer: Viewer

    private var row: LeadListPage.Row { LeadListPage.Row(duplicate.lead, viewer) }

    static let keys = Keys<DuplicateLine>()
      .text("lead_id") { $0.row.id }.text("lead_title") { $0.row.title }
      .text("lead_company") { $0.row.company }.text("lead_person", \.duplicate.person)
      .text("lead_stage") { $0.row.stageName }.text("lead_owner") { $0.row.ownerName }
      .text("why") {
        $0.duplicate.isSamePerson ? L("the same person") : L("a similar name and company")
      }
  }

  /// What who has this address or number is called.
  private var knownName: String? {
    duplicates.first { $0.duplicate.isSamePerson }?.duplicate.person
  }

  static let template = "leads/new"
  static let keys = Keys<NewLeadPage>().include(\.desk).include(\.form).flag("is_new") { _ in true }
    .text("person_elsewhere") { _ in nil as L? }
    .text("currency", \.desk.viewer.currency.code)
    .list("owner_options", \.owners).list("source_options") { _ in Suggestion.sources }
    .list("tag_options") {
      Suggestion.tags($0.vocabulary, after: Tags(typed: $0.form.tags.typed)?.words ?? [])
    }
    .flag("has_duplicates") { !$0.duplicates.isEmpty }.list("duplicates", \.duplicates)
    .text("add_anyway") { page in
      page.knownName.map { L("Add a new lead for \($0)") } ?? L("Create it anyway")
    }
    .text("known_name") { $0.knownName }
}

struct EditLeadPage: Page {
  let desk: Desk
  let lead: Lead
  /// How many other leads its person stands at.
  let others: Int
  let form: LeadForm
  let revision: String
  let owners: [Choice]
  /// What somebody else saved meanwhile; nil where nobody did.
  let conflict: Conflict?

  init(
    _ desk: Desk, _ lead: Lead, contact: Contact?, others: Int, _ form: LeadForm, seen: Int,
    members: [Member], savedBy: String?
  ) {
    self.desk = desk
    self.lead = lead
    self.others = others
    self.form = form
    // Where what is saved is shown beside it, saving again keeps what is typed.
    revision = String(savedBy == nil ? seen : lead.revision)
    owners = Choice.owners(members, chosen: form.owner.typed)
    conflict = savedBy.map { name in
      Conflict(
        L("\(name) saved this lead while you were writing"),
        at: Moment(lead.updatedAt, now: desk.viewer.now),
        Self.fields(
          form,
          LeadForm(lead, contact: contact, in: desk.viewer.currency, phoneRegion: nil), lead))
    }
  }

  private static func fields(
    _ typed: LeadForm, _ saved: LeadForm, _ lead: Lead
  ) -> [Conflict.Field] {
    func field(_ label: L, _ text: KeyPath<LeadForm, String>, _ words: L? = nil) -> Conflict.Field {
      Conflict.Field(label, typed: typed[keyPath: text], saved: saved[keyPath: text], words: words)
    }
    return [
      field(L("Title"), \.title.typed), field(L("Description"), \.description.typed),
      field(L("Estimated value"), \.estimatedValue.typed),
      field(L("Expected close"), \.expectedClose.typed), field(L("Source"), \.source.typed),
      field(L("Owner"), \.owner.typed, lead.owner.map { L(verbatim: $0.name) } ?? L("Nobody yet")),
      field(L("Language"), \.language.typed, lead.language?.words ?? L("Not known")),
      field(L("First name"), \.firstName.typed), field(L("Last name"), \.lastName.typed),
      field(L("Company"), \.company.typed), field(L("E-mail"), \.email.typed),
      field(L("Phone"), \.phone.typed),
    ]
  }

  static let template = "leads/edit"
  static let keys = Keys<EditLeadPage>().include(\.desk).include(\.form).flag("is_new") { _ in false
  }
  .text("currency", \.desk.viewer.currency.code)
  .list("owner_options", \.owners).list("source_options") { _ in Suggestion.sources }
  .list("tag_options") { _ in [] as [Suggestion] }
  .text("lead_id") { $0.lead.id.description }.text("saved_title", \.lead.title)
  .text("revision", \.revision)
  .object("conflict", \.conflict)
  .text("person_elsewhere") { page in
    page.others == 0
      ? nil
      : L.plural(
        page.others,
        "This person also stands at \(page.others) other lead. What you change here changes there.",
        "This person also stands at \(page.others) other leads. What you change here changes there."
      )
  }
}
