import CRM
import HTTP
import Templating

/// What was typed on the page that changes many leads at once.
struct BulkForm {
  /// One of the page's buttons.
  enum Action: String {
    case assign, tag, stage, archive
  }

  let action: Action?
  var owner = Field<ID<User>?, L>()
  var assignReason = Field<String?, L>()
  var added = Field<Tags, L>()
  var removed = Field<Tags, L>()
  var stage = Field<Lead.Stage, L>()
  var stageReason = Field<String?, L>()
  private(set) var archiveError: L?

  /// What is posted for nobody, which is never chosen by leaving it.
  static let nobody = "nobody"

  init() { action = nil }

  /// Only what the pressed button is about is read.
  init(_ posted: PostedForm) throws {
    action = try posted.value("action").flatMap(Action.init)
    switch action {
    case .assign:
      owner = try posted.field(
        "owner", orElse: L("Choose the new owner, or nobody."),
        read: { typed in
          typed == Self.nobody ? ID<User>??.some(nil) : ID<User>(typed).map { Optional($0) }
        })
      assignReason = try posted.optionalText("assign_reason", max: 500)
    case .tag:
      added = try posted.tags("add_tags")
      removed = try posted.tags("remove_tags")
      if added.value?.words.isEmpty == true, removed.value?.words.isEmpty == true {
        added.error = L("Write a tag to add or to take off.")
      }
    case .stage:
      stage = try posted.choice("stage", orElse: L("Choose a stage."))
      stageReason = try posted.optionalText("stage_reason", max: 500)
    case .archive, nil: break
    }
  }

  /// Nil while something is wrong.
  var change: BulkChange? {
    guard problems.isEmpty else { return nil }
    switch action {
    case .assign: return .assign(owner.value ?? nil, reason: assignReason.value ?? nil)
    case .tag:
      guard let added = added.value, let removed = removed.value else { return nil }
      return .tag(adding: added, removing: removed)
    case .stage: return stage.value.map { .stage($0, reason: stageReason.value ?? nil) }
    case .archive: return .archive
    case nil: return nil
    }
  }

  /// False for a refusal that no field explains.
  mutating func explain(_ refusal: Lead.Refusal) -> Bool {
    switch refusal {
    case .reasonNeeded:
      stageReason.error = L("Some of these leads move back. Say why.")
    case .isClosed:
      stage.error = L("Some of these leads are closed. Open them again first.")
    case .tooManyTags: added.error = L("A lead would have more than 20 tags.")
    case .ownerUnknown: owner.error = L("Choose somebody from the list.")
    case .nothingChanges: explainNothing()
    default: return false
    }
    return true
  }

  private mutating func explainNothing() {
    switch action {
    case .assign: owner.error = L("That is whose they are already.")
    case .tag: added.error = L("Nothing would change: they have these tags already, or not at all.")
    case .stage: stage.error = L("They are all in this stage already.")
    case .archive: archiveError = L("They are all archived already.")
    case nil: break
    }
  }

  var problems: [FieldProblem] {
    FormErrors([
      ("owner", owner.error), ("assign_reason", assignReason.error), ("add_tags", added.error),
      ("remove_tags", removed.error), ("stage", stage.error), ("stage_reason", stageReason.error),
      ("archive", archiveError),
    ]).problems
  }
}

/// Which leads a page was asked for: `?lead=…&lead=…`, or `?all=1` with a list's filter.
extension LeadSelection {
  /// What the page's form posts: the selection in one field, because a filter and a change have the same names.
  init(_ posted: PostedForm) throws {
    try self.init(NamedValues(query: try posted.value(Self.field) ?? ""))
  }

  static let field = "selection"

  /// The query of the page.
  init(_ values: NamedValues) throws {
    if try values.value("all") != nil {
      self = .matching(try LeadFilter(values))
    } else {
      self = .chosen(values.values("lead").compactMap { ID($0) })
    }
  }

  var pairs: [(name: String, value: String?)] {
    switch self {
    case .chosen(let ids): ids.map { ("lead", $0.description) }
    case .matching(let filter): [("all", "1")] + filter.pairs
    }
  }

  /// The same as one text.
  var text: String {
    NamedValues.encode(pairs.compactMap { pair in pair.value.map { (pair.name, $0) } })
  }
}
