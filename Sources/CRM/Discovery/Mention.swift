import Postgres

/// A person or company that the lead's log names: whoever ever stood at it, and by what they were ever called.
struct Mention {
  let field: String
  let value: String

  static func all(of lead: ID<Lead>) -> Query<[Mention]> {
    Query(
      "Mention.all",
      """
      select distinct a.field, v.value from audit_log a cross join lateral (values (a.old), (a.new)) v (value)
      where a.tenant_id = (select app.tenant()) and a.subject_id in \(Lead.family(of: lead)) and v.value is not null
        and a.field in ('contacts', 'primary_contact', 'first_name', 'last_name', 'email', 'phone', 'company')
      limit 500
      """, all: { Mention(field: try $0.next(), value: try $0.next()) })
  }

  var company: String? { field == "company" ? value : nil }

  var person: Pseudonyms.Person? {
    switch field {
    case "company": nil
    case "first_name": .init(firstName: value, lastName: nil)
    case "email": .init(firstName: nil, lastName: nil, email: value)
    case "phone": .init(firstName: nil, lastName: nil, phone: value)
    default: Self.called(value)
    }
  }

  /// Whatever was known to call them by, with their role behind it: Ada Lovelace (pays).
  private static func called(_ words: String) -> Pseudonyms.Person {
    let name = words.split(separator: " (").first.map(String.init) ?? words
    if name.utf8.contains(UInt8(ascii: "@")) {
      return .init(firstName: nil, lastName: nil, email: name)
    }
    return .init(firstName: nil, lastName: name, phone: name.hasPrefix("+") ? name : nil)
  }
}
