import CRM
import HTTP
import Templating

/// A person of a lead: how they may be reached, and how not.
struct ContactLine: Templated {
  let id: String
  let name: String
  let isPrimary: Bool
  let role: String?
  private let roleForm: RoleForm
  private let isRoleOpen: Bool
  let ways: [WayLine]

  init(
    _ contact: Contact, of lead: Lead, _ listed: [DNCEntry], _ viewer: Viewer,
    _ returned: ReturnedForm?
  ) {
    id = contact.id.description
    name = contact.words
    isPrimary = contact.isPrimary
    role = contact.role
    if case .role(let form) = returned, form.contact == contact.id {
      (roleForm, isRoleOpen) = (form, true)
    } else {
      (roleForm, isRoleOpen) = (RoleForm(contact), false)
    }
    ways = DNCEntry.Kind.allCases.compactMap { kind in
      contact.address(kind).map { address in
        WayLine(
          contact.id, kind, address, entry: listed.first { $0.address == address }, lead, viewer,
          returned)
      }
    }
  }

  var hasAddress: Bool { ways.contains { $0.kind == .email } }
  var mayReceive: Bool { ways.contains { $0.kind == .email && $0.isAllowed } }

  static let keys = Keys<ContactLine>()
    .text("name", \.name).text("contact_id", \.id).flag("primary", \.isPrimary)
    .text("role", \.role).flag("role_open", \.isRoleOpen).text("role_form", \.roleForm.id)
    .text("role_was", \.roleForm.was).text("role_typed", \.roleForm.role.typed)
    .text("role_error", \.roleForm.role.error)
    .list("ways", \.ways)
}

/// One way to reach a person, whether it may be used, and the form that changes that everywhere.
struct WayLine: Templated {
  let kind: DNCEntry.Kind
  let isAllowed: Bool
  private let address: String
  private let isListed: Bool
  private let words: L
  private let since: Moment?
  private let by: String?
  private let mayChange: Bool
  private let form: PermissionForm
  private let isOpen: Bool

  init(
    _ contact: ID<Contact>, _ kind: DNCEntry.Kind, _ address: String, entry: DNCEntry?,
    _ lead: Lead, _ viewer: Viewer, _ returned: ReturnedForm?
  ) {
    self.kind = kind
    self.address = address
    isListed = entry != nil
    // What is stopped at the lead is e-mail; a number stays free.
    let stop = kind == .email ? lead.suppression : nil
    isAllowed = entry == nil && stop == nil
    words = Self.words(kind, reason: entry?.reason ?? stop?.reason)
    since = (entry?.since ?? stop?.since).map { Moment($0, now: viewer.now) }
    by = entry.map { $0.by } ?? stop?.by
    mayChange = viewer.may(.writeLeads) && lead.life != .deleted
    let empty = PermissionForm(contact, kind, isAllowed: entry != nil)
    if case .permission(let form) = returned, form.id == empty.id {
      self.form = form
      isOpen = true
    } else {
      form = empty
      isOpen = false
    }
  }

  private static func words(_ kind: DNCEntry.Kind, reason: String?) -> L {
    switch (kind, reason) {
    case (.email, nil): L("May be e-mailed, after approval")
    case (.email, let reason?): L("May not be e-mailed: \(reason)")
    case (.phone, nil): L("May be called")
    case (.phone, let reason?): L("May not be called: \(reason)")
    }
  }

  private var summary: L {
    switch (kind, isListed) {
    case (.email, false): L("Never e-mail this address")
    case (.email, true): L("Allow this address again")
    case (.phone, false): L("Never call this number")
    case (.phone, true): L("Allow this number again")
    }
  }

  static let keys = Keys<WayLine>()
    .text("way", \.address).text("way_kind") { $0.kind.rawValue }
    .text("way_words", \.words).text("way_tone") { ($0.isAllowed ? Tone.fine : .stop).rawValue }
    .moment("way_since") { $0.since }.text("way_by", \.by)
    .flag("way_changeable", \.mayChange).text("way_summary") { $0.summary }
    .flag("way_open", \.isOpen).text("way_form", \.form.id)
    .text("way_deed") { $0.isListed ? "permission" : "prohibition" }
    .text("way_reason", \.form.reason.typed).text("way_error", \.form.reason.error)
    .flag("way_listed", \.isListed)
}

/// Forbids or allows one address or number, with the reason.
struct PermissionForm {
  let contact: ID<Contact>
  let kind: DNCEntry.Kind
  let isAllowed: Bool
  var reason = Field<String, L>()

  init(_ contact: ID<Contact>, _ kind: DNCEntry.Kind, isAllowed: Bool) {
    self.contact = contact
    self.kind = kind
    self.isAllowed = isAllowed
  }

  init(_ contact: ID<Contact>, isAllowed: Bool, _ posted: PostedForm) throws {
    guard let kind = try posted.value("kind").flatMap(DNCEntry.Kind.init) else {
      throw ClientError.badRequest("neither an address nor a number")
    }
    self.init(contact, kind, isAllowed: isAllowed)
    reason = try posted.text(
      "reason", max: 500, orElse: L("Say why, for those who come after you."))
  }

  /// Of its input.
  var id: String { "\(kind.rawValue)-\(contact)" }

  var problems: [FieldProblem] { FormErrors([(name: id, error: reason.error)]).problems }
}
