import CRM
import HTTP
import Templating

/// The record's tab about others: a drawing two steps out, the same as a table, and a form to add one.
struct LeadRelationshipsPage: Page {
  let record: LeadRecord
  let drawing: GraphDrawing
  let ties: [TieLine]
  let isCut: Bool
  let form: RelationshipForm
  let candidates: [Candidate]

  private static let candidatesShown = 10

  init(
    _ record: LeadRecord, _ graph: RelationshipGraph, _ form: RelationshipForm,
    found: [LeadSummary]
  ) {
    self.record = record
    self.form = form
    isCut = graph.nodes.count > RelationshipGraph.nodesMax
    drawing = GraphDrawing(graph)
    ties = graph.edges.map {
      TieLine(tie: $0, isOwn: [$0.lead.id, $0.other.id].contains(record.lead.id))
    }
    candidates = found.prefix(Self.candidatesShown).map { Candidate($0, chosen: form.other.typed) }
  }

  private var mayRelate: Bool {
    record.desk.viewer.may(.writeLeads) && record.lead.life != .deleted
  }

  struct Candidate: Templated {
    let id: String
    let title: String
    let detail: String
    let isChosen: Bool

    init(_ lead: LeadSummary, chosen: String) {
      id = lead.id.description
      title = lead.title
      detail = [lead.company, lead.personName].compactMap { $0 }.joined(separator: ", ")
      isChosen = id == chosen
    }

    static let keys = Keys<Candidate>()
      .text("candidate_id", \.id).text("candidate", \.title).text("candidate_detail", \.detail)
      .flag("chosen", \.isChosen)
  }

  struct TieLine: Templated {
    let tie: Relationship
    /// The lead of this record has a part in it, and so may end it.
    let isOwn: Bool

    static let keys = Keys<TieLine>()
      .text("tie_id") { $0.tie.id.description }.flag("own", \.isOwn)
      .text("from_url") { Links.lead($0.tie.lead.id) }.text("from_title", \.tie.lead.title)
      .text("tie_name") { $0.tie.kind.words }
      .text("to_url") { Links.lead($0.tie.other.id) }.text("to_title", \.tie.other.title)
      .text("tie_note", \.tie.note)
  }

  static let template = "leads/relationships"
  static let keys = Keys<LeadRelationshipsPage>().include(\.record).include(\.drawing)
    .flag("has_ties") { !$0.ties.isEmpty }.list("ties", \.ties).flag("cut", \.isCut)
    .flag("may_relate") { $0.mayRelate }
    .text("find", \.form.find).flag("has_candidates") { !$0.candidates.isEmpty }
    .flag("none_found") { $0.candidates.isEmpty && !$0.form.find.isEmpty }
    .list("candidates", \.candidates)
    .list("role_options") { page in
      Choice.all(chosen: page.form.role.typed) { (role: Relationship.Role) in role.words }
    }
    .text("relation_note", \.form.note.typed).text("other_error", \.form.other.error)
    .text("role_error", \.form.role.error).text("note_error", \.form.note.error)
}
