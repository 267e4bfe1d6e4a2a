import Postgres

/// A list of leads as rows of text for a file, in the list's own order.
package struct LeadExport: Sendable {
  /// How spreadsheets of a language write a list: what parts the cells, and the decimal mark; both of which they
  /// take from the language of their user.
  package struct Style: Sendable {
    package let delimiter: UInt8
    package let decimalMark: String
    /// The names of the columns: those that an import understands.
    package let header: [String]
  }

  /// `locale` is `en` or `fr`.
  package static func style(_ locale: String) -> Style {
    locale == "fr"
      ? Style(delimiter: UInt8(ascii: ";"), decimalMark: ",", header: frenchHeader)
      : Style(delimiter: UInt8(ascii: ","), decimalMark: ".", header: header)
  }

  private static let frenchHeader = [
    "id", "titre", "société", "prénom", "nom", "e-mail", "téléphone", "source", "responsable",
    "étape", "résultat", "statut du contact", "priorité", "étiquettes", "valeur estimée", "devise",
    "description", "créé le", "clôture prévue",
  ]

  private static let header = [
    "id", "title", "company", "first_name", "last_name", "email", "phone", "source", "owner",
    "stage", "outcome", "contact_status", "tier", "tags", "estimated_value", "currency",
    "description", "created_at", "expected_close_date",
  ]

  /// More than `LeadList.exportMax`: a file that looked complete would not be.
  package struct TooLong: Error {
    package init() {}
  }

  /// One more than `LeadList.exportMax` at most.
  package static func rows(of list: LeadList, _ style: Style) -> Query<[[String]]> {
    Query(
      "LeadExport.rows",
      """
      select l.id::text, l.title, l.company, c.first_name, c.last_name, l.contact_email, l.contact_phone, l.source,
             o.display_name, l.stage, l.outcome, l.contact_status, l.priority_tier, array_to_string(l.tags, ' '),
             l.estimated_value, t.currency, l.description,
             to_char(l.created_at, 'YYYY-MM-DD"T"HH24:MI:SSOF'), l.expected_close_date::text
      from \(list.found(after: nil, limit: LeadList.exportMax + 1)) with ordinality f (id, is_similar, place)
      join leads l on l.tenant_id = (select app.tenant()) and l.id = f.id
      join tenants t on t.id = l.tenant_id
      left join lead_contacts p on p.tenant_id = l.tenant_id and p.lead_id = l.id and p.is_primary
      left join contacts c on c.tenant_id = p.tenant_id and c.id = p.contact_id
      \(LeadSummary.owner) order by f.place
      """,
      all: { row in
        var fields: [String] = []
        fields.reserveCapacity(header.count)
        for column in header where column != "currency" {  // it comes with its amount
          guard column == "estimated_value" else {
            fields.append(try row.next(optional: String.self) ?? "")
            continue
          }
          let (value, currency) = try (row.next(optional: Money.self), row.next(Currency.self))
          fields.append(
            value?.digits(in: currency, mark: style.decimalMark, always: true) ?? "")
          fields.append(currency.code)
        }
        return fields
      })
  }
}
