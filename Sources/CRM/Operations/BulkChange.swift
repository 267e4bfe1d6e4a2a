import Postgres

/// Which leads something is done to: some that were ticked, or all that a filter lets through.
package enum LeadSelection: Sendable {
  case chosen([ID<Lead>])
  case matching(LeadFilter)

  var ids: SQL {
    switch self {
    case .chosen(let ids): "select unnest(\(SQL.ids(ids)))"
    case .matching(let filter):
      // Similar leads are a guess at what was meant; nothing is done to a guess.
      "select id from \(LeadList(filter).found(after: nil, limit: LeadList.bulkMax + 1)) where not is_similar"
    }
  }

  /// Tells these leads from any others.
  package static func mark(of ids: [ID<Lead>]) -> String {
    Mark.of(ids.map(\.description).sorted())
  }

  /// The leads as a list shows them, newest first, one more than `bulkMax` at most.
  package var summaries: Query<[LeadSummary]> {
    Query(
      "LeadSelection.summaries",
      """
      select \(LeadSummary.columns) from leads l \(LeadSummary.owner)
      where l.id in (\(ids)) and l.deleted_at is null order by l.id desc
      """, all: LeadSummary.init(row:))
  }
}

/// What is done to many leads at once.
package enum BulkChange: Sendable {
  case assign(ID<User>?, reason: String?)
  case tag(adding: Tags, removing: Tags)
  case stage(Lead.Stage, reason: String?)
  case archive

  /// Its name in `operations`.
  package var action: String {
    switch self {
    case .assign: "assign"
    case .tag: "tag"
    case .stage: "stage"
    case .archive: "archive"
    }
  }

  /// Does it to the leads selected, all or none, as one operation. `mark` is of those that were looked at:
  /// where others are there now, nothing is done.
  package func carryOut(
    on selection: LeadSelection, seen mark: String, as operation: ID<Operation>,
    in tx: Transaction<some Entry>
  ) throws {
    let (_, leads) = try tx.look(Lead.locked(selection))
    guard LeadSelection.mark(of: leads.map(\.id)) == mark, leads.count <= LeadList.bulkMax else {
      throw Lead.Refusal.othersNow
    }
    try tx.operate(.bulk, action, as: operation) {
      switch self {
      case .assign(let owner, let reason): leads.assign(to: owner, reason: reason, in: tx)
      case .tag(let adding, let removing):
        try leads.tag(adding: adding, removing: removing, in: tx)
      case .stage(let stage, let reason): try leads.move(to: stage, reason: reason, in: tx)
      case .archive: leads.settle(into: .archived, in: tx)
      }
    }
  }
}
