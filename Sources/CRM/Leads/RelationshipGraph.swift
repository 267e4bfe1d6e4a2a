import Postgres

/// Who a lead has to do with, two steps out.
package struct RelationshipGraph: Sendable {
  package let nodes: [Node]
  package let edges: [Relationship]

  package struct Node: Sendable {
    package let id: ID<Lead>
    package let title: String
    package let company: String?
    package let stage: Lead.Stage
    package let outcome: Lead.Outcome
    /// How far from the lead that was asked for.
    package let steps: Int
  }

  package static let stepsMax = 2
  /// More are not drawn.
  package static let nodesMax = 30

  package init(nodes: [Node], edges: [Relationship]) {
    self.nodes = nodes
    self.edges = edges
  }

  /// The nearest first, one more than are drawn.
  package static func nodes(around lead: ID<Lead>) -> Query<[Node]> {
    Query(
      "RelationshipGraph.nodes",
      """
      \(reached(from: lead))
      select l.id, l.title, l.company, l.stage, l.outcome, near.steps
      from near join leads l on l.tenant_id = (select app.tenant()) and l.id = near.id and l.deleted_at is null
      order by near.steps, l.id limit 31
      """,
      all: { row in
        try Node(
          id: row.next(), title: row.next(), company: row.next(optional: String.self),
          stage: row.next(), outcome: row.next(), steps: row.next())
      })
  }

  /// Between the leads that are drawn.
  package static func edges(around lead: ID<Lead>) -> Query<[Relationship]> {
    Query(
      "RelationshipGraph.edges",
      """
      \(reached(from: lead)),
      drawn as materialized (
        select near.id from near
        join leads l on l.tenant_id = (select app.tenant()) and l.id = near.id and l.deleted_at is null
        order by near.steps, near.id limit 30),
      theirs as materialized (
        select f.id from drawn d join leads f on f.tenant_id = (select app.tenant()) and f.id = d.id
        union all
        select f.id from drawn d join leads f on f.tenant_id = (select app.tenant()) and f.merged_into = d.id)
      \(Relationship.read(where: "r.lead_id in (select id from theirs) and r.other_id in (select id from theirs)"))
      order by t.id limit 100
      """, all: Relationship.init(row:))
  }

  /// Step by step; of one lead no more than 30 neighbours are looked at, so that a lead whom everybody
  /// knows costs no more than others. What was noted at a lead that went into another is the other's;
  /// nothing leads through a deleted lead.
  private static func reached(from lead: ID<Lead>) -> SQL {
    """
    with recursive walk (id, steps) as (
      select \(lead)::uuid, 0
      union
      select n.id, w.steps + 1
      from walk w
      cross join lateral (
        select distinct l.id from (
          select w.id
          union all
          select f.id from leads f where f.tenant_id = (select app.tenant()) and f.merged_into = w.id) own
        cross join lateral (
          select r.other_id as id from lead_relationships r where r.lead_id = own.id and r.removed_at is null
          union all
          select r.lead_id from lead_relationships r where r.other_id = own.id and r.removed_at is null) e
        join leads x on x.tenant_id = (select app.tenant()) and x.id = e.id
        cross join lateral \(Relationship.survivor(of: "x")) l
        where l.deleted_at is null and l.id <> w.id
        order by l.id limit 30) n
      where w.steps < 2),
    near as materialized (select id, min(steps) as steps from walk group by id)
    """
  }
}
