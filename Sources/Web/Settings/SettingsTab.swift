import Templating

/// The parts of the settings, each a page of its own.
enum SettingsTab: String, CaseIterable, Sendable {
  case workspace, assignment, questions, facts, ai

  var words: L {
    switch self {
    case .workspace: L("Workspace")
    case .assignment: L("Assignment")
    case .questions: L("Question bank")
    case .facts: L("Needed facts")
    case .ai: L("AI")
    }
  }

  /// For the row of links above each of them.
  var links: [FilterLink] {
    Self.allCases.map {
      FilterLink(name: $0.words, url: "/settings/\($0.rawValue)", isCurrent: $0 == self)
    }
  }
}
