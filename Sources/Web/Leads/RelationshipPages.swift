import CRM
import HTTP
import HTTPTypes
import Postgres
import Templating

/// Who a lead has to do with: the list, the drawing, adding and removing.
enum RelationshipPages {
  static func add(to router: inout Router<Answer>) {
    router.get("/leads/{id}/relationships", .may(.readLeads), show)
    router.post("/leads/{id}/relationships", .may(.writeLeads), relate)
    router.post("/leads/{id}/relationships/{relationship}/removal", .may(.writeLeads), part)
  }

  private static func show(_ visit: Visit) throws -> Response {
    let words = try visit.request.query.value("find")?.trimmed ?? ""
    return try show(visit, RelationshipForm(find: words))
  }

  private static func show(
    _ visit: Visit, _ form: RelationshipForm, status: HTTPResponse.Status = .ok
  ) throws -> Response {
    let id = try visit.id(Lead.self)
    let (nodes, edges) = (
      RelationshipGraph.nodes(around: id), RelationshipGraph.edges(around: id)
    )
    let returned: ReturnedForm? = form.problems.isEmpty ? nil : .relationship(form)
    guard !form.find.isEmpty else {
      let (record, near, ties) = try visit.readRecord(
        id, .relationships, returned: returned, nodes, edges)
      let graph = RelationshipGraph(nodes: near, edges: ties)
      return try visit.page(
        LeadRelationshipsPage(record, graph, form, found: []), record.desk, status: status)
    }
    var filter = LeadFilter()
    filter.words = form.find
    let (record, near, ties, found) = try visit.readRecord(
      id, .relationships, returned: returned, nodes, edges, LeadList(filter, size: .small).rows)
    let graph = RelationshipGraph(nodes: near, edges: ties)
    return try visit.page(
      LeadRelationshipsPage(record, graph, form, found: found.leads.filter { $0.id != id }),
      record.desk, status: status)
  }

  private static func relate(_ visit: Visit) throws -> Response {
    let id = try visit.id(Lead.self)
    var form = try RelationshipForm(visit.request.form)
    guard let other = form.other.value, let role = form.role.value, let note = form.note.value
    else { return try show(visit, form, status: .unprocessableContent) }
    do {
      return try visit.post { tx in
        try Lead.relate(id, to: other, as: role, note: note, in: tx)
        return Links.said(LeadTab.relationships.url(id), .related)
      }
    } catch Lead.Refusal.alreadyThere {
      form.role.error = L("That is noted between these two already.")
      return try show(visit, form, status: .unprocessableContent)
    }
  }

  private static func part(_ visit: Visit) throws -> Response {
    let id = try visit.id(Lead.self)
    let relationship = try visit.id(Relationship.self, "relationship")
    return try visit.post { tx in
      try Lead.part(id, relationship, in: tx)
      return Links.said(LeadTab.relationships.url(id), .unrelated)
    }
  }
}

/// Notes what a lead is to another one that was searched for.
struct RelationshipForm {
  var other = Field<ID<Lead>, L>()
  var role = Field<Relationship.Role, L>()
  var note = Field<String?, L>()
  let find: String

  init(find: String) {
    self.find = String(find.unicodeScalars.prefix(200))
    role.typed = Relationship.Role.referredBy.rawValue
  }

  init(_ posted: PostedForm) throws {
    self.init(find: try posted.value("find")?.trimmed ?? "")
    other = try posted.field("other", orElse: L("Choose the other lead."), read: { ID($0) })
    role = try posted.choice("role", orElse: L("Say what they are to each other."))
    note = try posted.optionalText("note", max: 500)
  }

  var problems: [FieldProblem] {
    FormErrors([("other", other.error), ("role", role.error), ("note", note.error)]).problems
  }
}

extension Relationship.Role {
  /// What the lead at hand is to the other.
  var words: L {
    switch self {
    case .referredBy: L("was referred by")
    case .referred: L("referred")
    case .colleague: L("is a colleague of")
    case .family: L("is family of")
    case .sameCompany: L("is at the same company as")
    }
  }
}

extension Relationship.Kind {
  /// On the line from the first to the other.
  var words: L {
    switch self {
    case .referral: L("referred")
    case .colleague: L("colleague of")
    case .family: L("family of")
    case .sameCompany: L("same company as")
    }
  }
}

/// One line of a record's list: what the other lead is.
struct RelationshipLine: Templated {
  let relationship: Relationship
  let lead: ID<Lead>

  static let keys = Keys<RelationshipLine>()
    .text("role") { $0.relationship.role(of: $0.lead).words }
    .text("other_url") { Links.lead($0.relationship.end(beside: $0.lead).id) }
    .text("other_title") { $0.relationship.end(beside: $0.lead).title }
    .text("relationship_note", \.relationship.note)
}
