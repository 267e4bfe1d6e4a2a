import CRM
import Templating

/// The parts of a lead's record, each a page of its own inside the same frame.
enum LeadTab: String, CaseIterable, Sendable {
  case timeline, discovery, drafts, conversation, relationships, history

  var words: L {
    switch self {
    case .timeline: L("Timeline")
    case .discovery: L("Discovery")
    case .drafts: L("Drafts")
    case .conversation: L("Conversation")
    case .relationships: L("Relationships")
    case .history: L("History")
    }
  }

  /// The timeline is the record itself.
  func url(_ lead: ID<Lead>) -> String {
    self == .timeline ? Links.lead(lead) : "\(Links.lead(lead))/\(rawValue)"
  }
}

struct LeadTabLine: Templated {
  let tab: LeadTab
  let lead: ID<Lead>
  let isCurrent: Bool
  let count: Int?

  static let keys = Keys<LeadTabLine>()
    .text("tab_name") { $0.tab.words }.text("tab_url") { $0.tab.url($0.lead) }
    .flag("tab_current", \.isCurrent).text("tab_count") { $0.count.map(String.init) }
}
