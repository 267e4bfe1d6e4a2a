import CRM
import HTTP

/// The paths of the site; the one place where they are written.
enum Links {
  static let leads = "/leads"
  static let leadsCSV = "/leads.csv"
  static let bulk = "/leads/bulk"
  static let contacts = "/contacts"
  static let segments = "/segments"
  static let newSegment = "/segments/new"
  static let imports = "/imports"
  static let review = "/review"
  static let outbox = "/outbox"
  static let today = "/today"

  static func lead(_ id: ID<Lead>, _ notice: Notice? = nil) -> String {
    said("/leads/\(id)", notice)
  }

  static let operations = "/operations"

  static func operation(_ id: ID<Operation>, _ notice: Notice? = nil) -> String {
    said("/operations/\(id)", notice)
  }

  static func note(_ id: ID<Note>, on lead: ID<Lead>) -> String { "\(Self.lead(lead))/notes/\(id)" }

  static let board = "/leads/board"
  static let workspace = "/settings/workspace"
  static let notifications = "/notifications"

  static func discovery(_ lead: ID<Lead>, _ notice: Notice? = nil) -> String {
    said("/leads/\(lead)/discovery", notice)
  }

  static func question(_ id: ID<Question>) -> String { "/questions/\(id)" }

  static func questionSearch(_ lead: ID<Lead>) -> String { "/leads/\(lead)/questions/search" }

  static let bank = "/settings/questions"
  static let facts = "/settings/facts"
  static let ai = "/settings/ai"
  static func leadImport(_ id: ID<LeadImport>, _ notice: Notice? = nil) -> String {
    said("/imports/\(id)", notice)
  }

  static func newDraft(for lead: ID<Lead>) -> String {
    "/leads/\(lead)/drafts/new?type=\(Draft.Kind.followupEmail.rawValue)"
  }

  static func draft(_ id: ID<Draft>, _ notice: Notice? = nil) -> String {
    said("/drafts/\(id)", notice)
  }

  static func editDraft(_ id: ID<Draft>, _ notice: Notice? = nil) -> String {
    said("/drafts/\(id)/edit", notice)
  }

  static func review(_ id: ID<Draft>, _ notice: Notice? = nil) -> String {
    said("/review/\(id)", notice)
  }

  static func delivery(_ id: ID<Delivery>, _ notice: Notice? = nil) -> String {
    said("/outbox/\(id)", notice)
  }

  static func signIn(next: String?) -> String {
    guard let next, next != "/" else { return "/sign-in" }
    return "/sign-in?" + NamedValues.encode([("next", next)])
  }

  static func said(_ path: String, _ notice: Notice?) -> String {
    notice.map { "\(path)?said=\($0.rawValue)" } ?? path
  }

  /// A list with its state in the URL; empty values are left out.
  static func list(_ path: String, _ state: [(name: String, value: String?)]) -> String {
    let pairs = state.compactMap { pair in pair.value.map { (name: pair.name, value: $0) } }
    return pairs.isEmpty ? path : "\(path)?\(NamedValues.encode(pairs))"
  }
}
