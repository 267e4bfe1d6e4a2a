import Postgres

/// The customer organisation that owns every row.
package struct Tenant: Sendable {
  package let id: ID<Tenant>
  package let slug: String
  package let name: String
  package let memberCount: Int
  package let createdAt: Timestamp
}

/// What `closerflow tenant create` needs to know.
package struct NewTenant: Sendable {
  package let id = ID<Tenant>()
  package let slug: String
  package let name: String
  package let contactName: String
  package let contactEmail: EmailAddress
  package let timezone: String
  package let locale: String
  package let currency: Currency
  /// Nil for where the time zone and the language say.
  package let phoneRegion: PhoneRegion?

  package init(
    slug: String, name: String, contactName: String, contactEmail: EmailAddress, timezone: String,
    locale: String, currency: Currency, phoneRegion: PhoneRegion? = nil
  ) {
    self.slug = slug
    self.name = name
    self.contactName = contactName
    self.contactEmail = contactEmail
    self.timezone = timezone
    self.locale = locale
    self.currency = currency
    self.phoneRegion = phoneRegion
  }
}

extension Tenant {
  /// Creates the tenant, with the usual questions in its bank; the slug's unique key decides between two
  /// of the same name.
  package static func create(_ new: NewTenant, in tx: Transaction<Operator>) {
    tx.run(
      "Tenant.create",
      """
      insert into tenants (id, slug, name, contact_name, contact_email, timezone, locale, currency, phone_region)
      values (\(new.id), \(new.slug), \(new.name), \(new.contactName), \(new.contactEmail),
              \(new.timezone), \(new.locale), \(new.currency), \(new.phoneRegion))
      """)
    tx.audit([AuditRow("tenant_created", of: "tenant", new.id, FieldChange("slug", nil, new.slug))])
    BankQuestion.addStarter(in: tx)
  }

  package static func named(_ slug: String) -> Query<ID<Tenant>?> {
    Query("Tenant.named", "select id from tenants where slug = \(slug)", one: { try $0.next() })
  }

  /// Where a number without a country's code is dialled; nil for a place the library does not know.
  package static let phoneRegion = Query<PhoneRegion?>(
    "Tenant.phoneRegion", "select phone_region from tenants",
    only: { row in PhoneRegion(try row.next(String.self)) })

  package static let currency = Query<Currency>(
    "Tenant.currency", "select currency from tenants", only: { try $0.next() })

  package static let all = Query<[Tenant]>(
    "Tenant.all",
    """
    select t.id, t.slug, t.name,
           (select count(*) from memberships m where m.tenant_id = t.id and m.disabled_at is null), t.created_at
    from tenants t order by t.slug
    """,
    all: { row in
      try Tenant(
        id: row.next(), slug: row.next(), name: row.next(), memberCount: row.next(),
        createdAt: row.next())
    })
}
