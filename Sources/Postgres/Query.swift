/// A read as a value: a name for logs and plans, a statement, and how its rows become `Output`.
package struct Query<Output>: Sendable {
  package let name: StaticString
  package let sql: SQL
  let decode: @Sendable (Rows) throws -> Output

  package init(
    _ name: StaticString, _ sql: SQL, decode: @escaping @Sendable (Rows) throws -> Output
  ) {
    self.name = name
    self.sql = sql
    self.decode = decode
  }

  /// Every row, in the statement's order.
  package init<Element>(
    _ name: StaticString, _ sql: SQL, all row: @escaping @Sendable (inout Row) throws -> Element
  ) where Output == [Element] {
    self.init(
      name, sql,
      decode: { rows in
        var elements: [Element] = []
        elements.reserveCapacity(rows.count)
        for index in 0..<rows.count { elements.append(try rows.row(index, row)) }
        return elements
      })
  }

  /// The first row, nil where there is none.
  package init<Element>(
    _ name: StaticString, _ sql: SQL, one row: @escaping @Sendable (inout Row) throws -> Element
  ) where Output == Element? {
    self.init(name, sql, decode: { rows in rows.count == 0 ? nil : try rows.row(0, row) })
  }

  /// The row of a statement that always has one.
  package init(
    _ name: StaticString, _ sql: SQL, only row: @escaping @Sendable (inout Row) throws -> Output
  ) {
    self.init(
      name, sql,
      decode: { rows in
        guard rows.count == 1 else {
          throw PostgresError.decoding("\(name): \(rows.count) rows, one wanted")
        }
        return try rows.row(0, row)
      })
  }
}

extension Query where Output == Void {
  /// A statement whose rows nobody reads.
  package init(_ name: StaticString, _ sql: SQL) {
    self.init(name, sql, decode: { _ in })
  }
}

extension Query {
  /// The same statement, its answer turned into something else.
  package func map<Other>(_ transform: @escaping @Sendable (Output) throws -> Other) -> Query<Other>
  {
    let decode = decode
    return Query<Other>(name, sql, decode: { rows in try transform(try decode(rows)) })
  }
}
