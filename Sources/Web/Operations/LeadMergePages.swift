import CRM
import HTTP
import HTTPTypes
import Templating
import Text

/// Making two leads one: find the other, choose field by field, merge.
enum LeadMergePages {
  static func add(to router: inout Router<Answer>) {
    router.get("/leads/{id}/merge", .may(.writeLeads), choose)
    router.post("/leads/{id}/merge", .may(.writeLeads), merge)
  }

  private static func choose(_ visit: Visit) throws -> Response {
    let id = try visit.id(Lead.self)
    if let other = try visit.queryID("with", of: Lead.self) {
      return try compare(visit, id, other, taken: nil, refusal: nil)
    }
    let words = try visit.request.query.value("q")?.trimmed ?? ""
    var filter = LeadFilter()
    filter.words = words.isEmpty ? nil : words
    let (desk, lead, similar, found) = try visit.read(
      Lead.find(id), Duplicate.all(ofLead: id), LeadList(filter, size: .small).rows)
    guard let lead, lead.life != .deleted else { throw NotFound() }
    let candidates = words.isEmpty ? similar.map(\.lead) : found.leads
    return try visit.page(
      MergeSearchPage(desk, lead, candidates.filter { $0.id != id }, words: words), desk)
  }

  private static func merge(_ visit: Visit) throws -> Response {
    let id = try visit.id(Lead.self)
    let posted = try visit.request.form
    // Without one, an id that nothing has: who may not merge is told that first.
    let other = try posted.value("with").flatMap { ID<Lead>($0) } ?? ID()
    func revision(_ name: String) throws -> Int {
      try posted.value(name).flatMap { Int(strictDecimal: $0) } ?? 0
    }
    let taken = Set(
      try LeadMerge.Field.allCases.filter { try posted.value("take_\($0.rawValue)") == "other" })
    let merge = LeadMerge(
      keeping: .init(id, revision: try revision("revision")),
      other: .init(other, revision: try revision("other_revision")), taking: taken)
    let operation = ID<Operation>()
    do {
      return try visit.post { tx in
        try merge.carryOut(as: operation, in: tx)
        return Links.operation(operation)
      }
    } catch let refusal as LeadMerge.Refusal {
      return try compare(visit, id, other, taken: taken, refusal: refusal)
    }
  }

  private static func compare(
    _ visit: Visit, _ id: ID<Lead>, _ other: ID<Lead>, taken: Set<LeadMerge.Field>?,
    refusal: LeadMerge.Refusal?
  ) throws -> Response {
    let (desk, stays, goes) = try visit.read(Lead.find(id), Lead.find(other))
    guard let stays, let goes, id != other, stays.life != .deleted, goes.life != .deleted else {
      throw NotFound()
    }
    return try visit.page(
      MergePage(desk, stays, goes, taken: taken, refusal: refusal), desk,
      status: refusal == nil ? .ok : .conflict)
  }
}

struct MergeSearchPage: Page {
  let desk: Desk
  let lead: Lead
  let candidates: [LeadListPage.Row]
  let words: String

  init(_ desk: Desk, _ lead: Lead, _ candidates: [LeadSummary], words: String) {
    self.desk = desk
    self.lead = lead
    self.words = words
    self.candidates = candidates.map { LeadListPage.Row($0, desk.viewer) }
  }

  static let template = "operations/merge_search"
  static let keys = Keys<MergeSearchPage>().include(\.desk)
    .text("record_id") { $0.lead.id.description }.text("record_title", \.lead.title)
    .text("q", \.words).flag("has_candidates") { !$0.candidates.isEmpty }
    .list("candidates", \.candidates)
}

struct MergePage: Page {
  let desk: Desk
  let stays: Lead
  let goes: Lead
  let refusal: LeadMerge.Refusal?
  let choices: [ChoiceLine]

  init(
    _ desk: Desk, _ stays: Lead, _ goes: Lead, taken: Set<LeadMerge.Field>?,
    refusal: LeadMerge.Refusal?
  ) {
    self.desk = desk
    self.stays = stays
    self.goes = goes
    self.refusal = refusal
    choices = LeadMerge.Field.allCases.compactMap { field in
      let (one, other) = (
        Self.value(field, of: stays, desk.viewer), Self.value(field, of: goes, desk.viewer)
      )
      guard !one.utf8.elementsEqual(other.utf8) else { return nil }
      let isTaken = taken.map { $0.contains(field) } ?? one.isEmpty
      return ChoiceLine(
        name: field.rawValue, label: LeadField(field.rawValue).words, one: one, other: other,
        isOtherTaken: isTaken)
    }
  }

  private static func value(_ field: LeadMerge.Field, of lead: Lead, _ viewer: Viewer) -> String {
    switch field {
    case .title: lead.title
    case .company: lead.company ?? ""
    case .description: lead.description
    case .source: lead.source ?? ""
    case .owner: lead.owner?.name ?? ""
    case .language: lead.language?.rawValue ?? ""
    case .estimatedValue:
      lead.estimatedValue.map { "\($0.digits(in: viewer.currency)) \(viewer.currency.code)" } ?? ""
    }
  }

  private var refusalWords: L? {
    switch refusal {
    case nil: nil
    case .withItself: L("A lead cannot be merged with itself.")
    case .changedMeanwhile: L("Somebody changed one of the two. Look again, then decide.")
    case .otherIsClosed: L("The other lead is closed. Merge the other way round, or open it again.")
    case .stopsDiffer:
      L("One of the two may be written to and the other may not. Settle that first.")
    case .draftsUnderWay:
      L(
        "The other lead has drafts that are not finished. Finish or withdraw them, or merge the other way round."
      )
    }
  }

  static let template = "operations/merge"
  static let keys = Keys<MergePage>().include(\.desk)
    .text("record_id") { $0.stays.id.description }.text("record_title", \.stays.title)
    .text("other_id") { $0.goes.id.description }.text("other_title", \.goes.title)
    .text("revision") { String($0.stays.revision) }
    .text("other_revision") { String($0.goes.revision) }
    .text("refusal") { $0.refusalWords }
    .flag("has_choices") { !$0.choices.isEmpty }.list("choices", \.choices)
}

/// One field that differs, and which value stays.
struct ChoiceLine: Templated {
  let name: String
  let label: L
  let one: String
  let other: String
  let isOtherTaken: Bool

  static let keys = Keys<ChoiceLine>()
    .text("choice_name", \.name).text("choice_label", \.label)
    .text("one") { $0.one.isEmpty ? "–" : $0.one }
    .text("other") { $0.other.isEmpty ? "–" : $0.other }
    .flag("other_taken", \.isOtherTaken)
}
