import CRM
import HTTP
import Templating

/// The record's first tab: one stream of everything that happened, newest first, and a place to write.
struct LeadTimelinePage: Page {
  let record: LeadRecord
  let lines: [TimelineLine]
  let groupLinks: [FilterLink]
  let actorLinks: [FilterLink]
  let isFiltered: Bool
  let newestURL: String?
  let olderURL: String?
  let note: NoteForm

  init(
    _ record: LeadRecord, _ filter: Activity.Filter, before: ID<Activity>?,
    _ activities: [Activity], actors: [Member]
  ) {
    self.record = record
    let here = LeadTab.timeline.url(record.lead.id)
    lines = activities.prefix(Activity.pageSize).map {
      TimelineLine($0, on: record.lead.id, record.desk.viewer)
    }
    groupLinks = FilterLink.all(Activity.Group.allCases, chosen: filter.group, words: \.words) {
      Links.list(here, Activity.Filter(group: $0, actor: filter.actor).pairs)
    }
    let people = actors.map { Activity.Filter.Actor.member($0.id) }
    actorLinks = FilterLink.all(people + [.system], chosen: filter.actor) { actor in
      actors.first { actor == .member($0.id) }.map { L(verbatim: $0.name) } ?? L("CloserFlow")
    } url: {
      Links.list(here, Activity.Filter(group: filter.group, actor: $0).pairs)
    }
    isFiltered = filter != Activity.Filter()
    newestURL = before == nil ? nil : Links.list(here, filter.pairs)
    olderURL =
      activities.count > Activity.pageSize
      ? Links.list(
        here,
        filter.pairs + [("before", activities[Activity.pageSize - 1].id.description)])
      : nil
    note = if case .note(let form) = record.returned { form } else { NoteForm() }
  }

  static let template = "leads/show"
  static let keys = Keys<LeadTimelinePage>().include(\.record).include(\.note)
    .flag("may_note") {
      $0.record.desk.viewer.may(.writeDrafts)
        && ($0.record.lead.life != .deleted || $0.note.isOvertaken)
    }
    .text("note_lead_id") { ($0.record.lead.mergedInto?.id ?? $0.record.lead.id).description }
    .text("note_button") { page in
      page.record.lead.mergedInto.map { L("Add the note to “\($0.title)”") } ?? L("Add the note")
    }
    .flag("filtered", \.isFiltered).list("group_links", \.groupLinks).list(
      "actor_links", \.actorLinks
    )
    .flag("has_timeline") { !$0.lines.isEmpty }.list("timeline", \.lines)
    .flag("none_match") { $0.lines.isEmpty && $0.isFiltered }
    .flag("has_pages") { $0.newestURL != nil || $0.olderURL != nil }
    .text("newest_url", \.newestURL).text("older_url", \.olderURL)
}

extension Activity.Filter {
  init(group: Activity.Group?, actor: Actor?) {
    self.init()
    self.group = group
    self.actor = actor
  }

  /// What means nothing is left out: a link from last year still shows a timeline.
  init(_ query: NamedValues) throws {
    self.init(
      group: try query.value("kind").flatMap(Activity.Group.init),
      actor: try query.value("actor").flatMap(Actor.init(text:)))
  }

  var pairs: [(name: String, value: String?)] {
    [("kind", group?.rawValue), ("actor", actor?.text)]
  }
}

extension Activity.Filter.Actor {
  fileprivate init?(text: String) {
    if text == "system" {
      self = .system
    } else if let id = ID<User>(text) {
      self = .member(id)
    } else {
      return nil
    }
  }

  fileprivate var text: String {
    switch self {
    case .system: "system"
    case .member(let id): id.description
    }
  }
}

extension Activity.Group {
  var words: L {
    switch self {
    case .notes: L("Notes")
    case .discovery: L("Discovery")
    case .stage: L("Stage and outcome")
    case .drafts: L("Drafts and review")
    case .deliveries: L("Deliveries")
    case .details: L("Details and people")
    case .permission: L("Permission to write")
    }
  }
}
