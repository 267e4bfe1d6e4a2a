import Postgres

/// Something done to many records at once that can be taken back: a bulk change, a merge, an import.
/// The database writes field by field what changed while it was under way.
package struct Operation: Sendable {
  package let id: ID<Operation>
  package let kind: Kind
  package let action: String
  /// How many leads it changed.
  package let subjects: Int
  /// Whose page tells it, and takes it back.
  package let leadImport: ID<LeadImport>?
  /// An import that the worker has not done with: how many leads it changes is not known yet.
  package let isBeingWritten: Bool
  package let by: Member
  package let at: Timestamp
  package let undone: Undone?

  package enum Kind: String, CaseIterable, Sendable, SQLValue, SQLReadable {
    case bulk, merge, `import`
  }

  package struct Undone: Sendable {
    package let by: String
    package let at: Timestamp
    /// How many fields had been edited since, and stayed.
    package let refused: Int
  }

  package enum Refusal: Error, Equatable {
    case undoneBefore
    /// An import is taken back by its own undo.
    case isImport
    /// One of the leads was merged into a third one since.
    case laterMerge
    /// A person's address or number is another's by now.
    case addressTaken
    /// Somebody's name, address and number would all be gone.
    case leavesNobody
  }

  package static let pageSize = 50

  package static func find(_ id: ID<Operation>) -> Query<Operation?> {
    Query("Operation.find", "\(record) where o.id = \(id)", one: Operation.init(row:))
  }

  /// Newest first, one row more than a page.
  package static func latest(before: ID<Operation>?) -> Query<[Operation]> {
    Query(
      "Operation.latest",
      """
      \(record) where \(before)::uuid is null or o.id < \(before) order by o.id desc limit 51
      """, all: Operation.init(row:))
  }

  private static let record: SQL = """
    select o.id, o.kind, o.action, o.subjects, i.id, coalesce(i.state = 'committing', false), o.actor_id, m.display_name, o.created_at, o.undone_at,
           u.display_name, o.refused
    from operations o
    join memberships m on m.tenant_id = o.tenant_id and m.user_id = o.actor_id
    left join memberships u on u.tenant_id = o.tenant_id and u.user_id = o.undone_by
    left join lead_imports i on i.tenant_id = o.tenant_id and i.operation_id = o.id
    """

  private init(row: inout Row) throws {
    id = try row.next()
    kind = try row.next()
    action = try row.next()
    subjects = try row.next()
    leadImport = try row.next(optional: ID<LeadImport>.self)
    isBeingWritten = try row.next()
    by = Member(id: try row.next(), name: try row.next())
    at = try row.next()
    undone = try Undone(row: &row)
  }

  /// Puts back what is still as the operation left it. Raises `operations_undone_once` where somebody
  /// was quicker.
  package static func undo(_ id: ID<Operation>, in tx: Transaction<some Entry>) throws {
    let (_, found) = try tx.look(find(id))
    guard let operation = found else { throw NotFound() }
    guard operation.kind != .import else { throw Refusal.isImport }
    guard operation.undone == nil else { throw Refusal.undoneBefore }
    tx.run("Operation.undo", "select app.undo_operation(\(id))")
  }
}

extension Operation.Refusal {
  package init?(_ error: PostgresError) {
    switch error.constraint {
    case "operations_undone_once": self = .undoneBefore
    case "operations_later_merge": self = .laterMerge
    case "operations_address_taken", "contacts_email_key", "contacts_phone_key":
      self = .addressTaken
    case "contacts_someone": self = .leavesNobody
    default: return nil
    }
  }
}

extension Operation.Undone {
  fileprivate init?(row: inout Row) throws {
    let at = try row.next(optional: Timestamp.self)
    let name = try row.next(optional: String.self)
    let refused: Int = try row.next()
    guard let at else { return nil }
    self.init(by: name ?? "", at: at, refused: refused)
  }
}

extension Transaction {
  /// Makes what `body` queues one operation.
  package func operate<Result>(
    _ kind: Operation.Kind, _ action: String, as id: ID<Operation>, _ body: () throws -> Result
  ) rethrows -> Result {
    run("Operation.begin", "select app.begin_operation(\(id), \(kind), \(action))")
    let result = try body()
    run("Operation.end", "select app.end_operation(\(id))")
    return result
  }
}

/// One field that an operation changed, as its page shows it.
package struct OperationChange: Sendable {
  /// Nil where a contact was changed; then the title is their name.
  package let lead: ID<Lead>?
  package let title: String
  package let field: String
  package let old: String?
  package let new: String?
  /// After the undo: somebody had edited it since, so it stayed.
  package let isRefused: Bool

  /// Those that an undo refused first, 200 at most.
  package static func all(of operation: ID<Operation>) -> Query<[OperationChange]> {
    Query(
      "OperationChange.all",
      """
      select l.id, coalesce(l.title, nullif(concat_ws(' ', k.first_name, k.last_name), ''), k.email, k.phone, ''), c.field, coalesce(f.display_name, app.plain(c.old)),
             coalesce(t.display_name, app.plain(c.new)), coalesce(c.outcome = 'refused', false)
      from operation_changes c
      left join memberships f on c.field = 'owner_id' and f.tenant_id = c.tenant_id and f.user_id::text = c.old #>> '{}'
      left join memberships t on c.field = 'owner_id' and t.tenant_id = c.tenant_id and t.user_id::text = c.new #>> '{}'
      left join leads l on l.tenant_id = c.tenant_id and l.id = coalesce(c.of_lead_id, c.entity_id)
      left join contacts k on c.entity = 'contact' and k.tenant_id = c.tenant_id and k.id = c.entity_id
      where c.operation_id = \(operation) and c.field not in ('stage_since', '*')
      order by coalesce(c.outcome = 'refused', false) desc, c.seq limit 200
      """,
      all: { row in
        try OperationChange(
          lead: row.next(optional: ID<Lead>.self), title: row.next(), field: row.next(),
          old: row.next(optional: String.self), new: row.next(optional: String.self),
          isRefused: row.next())
      })
  }
}
