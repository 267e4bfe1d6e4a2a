import Postgres

/// A row as the pages and the error file show it.
package struct ImportLine: Sendable {
  package let line: Int
  package let raw: [String]
  /// Words of ours; see `lead_import_rows.reasons`.
  package let reasons: [String]

  package enum Kind: Sendable { case errors, duplicates }

  /// The first of a kind, by their place in the file.
  package static func first(_ kind: Kind, of id: ID<LeadImport>) -> Query<[ImportLine]> {
    // As text of the statement, which the index for what was left out is bound to.
    let isKind: SQL =
      switch kind {
      case .errors: "status = 'error'"
      case .duplicates: "status = 'duplicate'"
      }
    return Query(
      "ImportLine.first",
      """
      select line, raw, reasons from lead_import_rows
      where import_id = \(id) and \(isKind) order by line limit 10
      """, all: ImportLine.init(row:))
  }

  /// All that would not come in, for the file that can be mended and uploaded again.
  package static func left(of id: ID<LeadImport>) -> Query<[ImportLine]> {
    Query(
      "ImportLine.left",
      """
      select line, raw, reasons from lead_import_rows
      where import_id = \(id) and status in ('error', 'duplicate') order by line
      """, all: ImportLine.init(row:))
  }

  private init(row: inout Row) throws {
    line = try row.next()
    let cells: CodeArray = try row.next()
    raw = cells.elements
    let words: CodeArray = try row.next()
    reasons = words.elements
  }
}

/// What an undo found edited since, and left alone: a lead that the import made, or a field that it changed.
package struct ImportKept: Sendable {
  /// Nil for a person who stands at no lead: merged into another, say. The title is their name then.
  package let lead: ID<Lead>?
  package let title: String
  /// Nil for a lead that the import made.
  package let field: String?

  package static func all(of id: ID<LeadImport>) -> Query<[ImportKept]> {
    Query(
      "ImportKept.all",
      """
      (select l.id, l.title, null as field from lead_import_rows r
       join leads l on l.tenant_id = r.tenant_id and l.id = r.lead_id
       where r.import_id = \(id) and r.status = 'kept' order by r.line limit 100)
      union all
      (select l.id, coalesce(l.title, nullif(concat_ws(' ', k.first_name, k.last_name), ''), k.email, k.phone, ''), c.field
       from lead_imports i
       join operation_changes c on c.tenant_id = i.tenant_id and c.operation_id = i.operation_id and c.outcome = 'refused'
       left join contacts k on c.entity = 'contact' and k.tenant_id = c.tenant_id and k.id = c.entity_id
       left join leads l on l.tenant_id = c.tenant_id and l.id = case c.entity when 'lead' then c.entity_id else (
         select lc.lead_id from lead_contacts lc where lc.contact_id = c.entity_id order by lc.is_primary desc limit 1) end
       where i.id = \(id) order by c.seq limit 100)
      """,
      all: { row in
        try ImportKept(
          lead: row.next(optional: ID<Lead>.self), title: row.next(),
          field: row.next(optional: String.self))
      })
  }
}
