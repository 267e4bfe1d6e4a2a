import Postgres

extension Lead {
  /// Whether a lead is in the way, put away, or gone from view. Nothing of it is lost by either;
  /// erasing a person is an operator's command.
  package enum Life: String, CaseIterable, Sendable, SQLValue, SQLReadable {
    case active, archived, deleted
  }

  package func settle(into life: Life, in tx: Transaction<some Entry>) throws {
    guard self.life != life else { throw Refusal.alreadyThere }
    guard mergedInto == nil else { throw Refusal.isMerged }
    [self].settle(into: life, in: tx)
  }

  /// Test leads are left out of numbers.
  package func mark(asTest isTest: Bool, in tx: Transaction<some Entry>) throws {
    guard
      let change = FieldChange("is_test", self.isTest ? "yes" : "no", isTest ? "yes" : "no")
    else { throw Refusal.alreadyThere }
    tx.run("Lead.markAsTest", "update leads set is_test = \(isTest) where id = \(id)")
    tx.record(.leadUpdated(id, changes: [change]))
  }
}

extension [Lead] {
  package func settle(into life: Lead.Life, in tx: Transaction<some Entry>) {
    let settling = filter { $0.life != life }
    tx.run(
      "Lead.settle",
      """
      update leads set archived_at = case when \(life == .archived) then now() end,
                       deleted_at = case when \(life == .deleted) then now() end
      where id = any (\(SQL.ids(settling.map(\.id))))
      """)
    tx.record(settling.map { .lifeChanged($0.id, from: $0.life, to: life) })
  }
}
