import CRM
import Postgres
import Secrets

/// A tenant made for one test, with people who are signed in.
package struct TestTenant {
  package let id: ID<Tenant>
  package let sales: Browser
  package let reviewer: Browser
  package let admin: Browser
  /// Sells and reviews: for what nobody may do to their own drafts.
  package let allrounder: Browser

  package static func fresh(locale: String = "en", currency: String = "EUR") throws -> TestTenant {
    let id = ID<Tenant>()
    let database = TestDatabase.shared(as: .migrate)
    let people: [(name: String, roles: [Role], token: Token)] = [
      ("Sam Sales", [.sales], .random()), ("Rita Reviewer", [.reviewer], .random()),
      ("Ada Admin", [.admin], .random()), ("Ole Allrounder", [.sales, .reviewer], .random()),
    ]
    var browsers: [Browser] = []
    try database.write(as: Operator(for: id)) { tx in
      tx.run(
        "TestTenant.create",
        """
        insert into tenants (id, slug, name, contact_name, contact_email, locale, currency)
        values (\(id), \("t-\(id)"), 'Acme', 'Acme Desk', 'desk@acme.example', \(locale), \(currency))
        """)
      for person in people {
        let user = ID<User>()
        let email = "\(user)@acme.example"
        tx.run(
          "TestTenant.user",
          """
          insert into sec.users (id, email, name, password_hash)
          values (\(user), \(email), \(person.name), '$argon2id$nobody')
          """)
        tx.run(
          "TestTenant.member",
          """
          insert into memberships (tenant_id, user_id, roles, display_name, email)
          values (\(id), \(user), \(SQL.TextArray(person.roles.map(\.rawValue))), \(person.name), \(email))
          """)
        tx.run(
          "TestTenant.session",
          """
          insert into sec.sessions (token_hash, user_id, tenant_id, idle_expires_at, expires_at)
          values (\(person.token.digest), \(user), \(id), now() + interval '1 hour', now() + interval '1 hour')
          """)
        browsers.append(Browser(token: person.token, user: user, email: email))
      }
    }
    return TestTenant(
      id: id, sales: browsers[0], reviewer: browsers[1], admin: browsers[2],
      allrounder: browsers[3])
  }

  /// Runs a query as the operator, inside this tenant; what the database really holds.
  package func look<T>(_ query: Query<T>) throws -> T {
    let (_, answer) = try TestDatabase.shared(as: .migrate).read(as: Operator(for: id), query)
    return answer
  }

  /// How many rows of a table are this tenant's.
  package func count(_ table: SQL, where condition: SQL = "true") throws -> Int {
    try look(
      Query(
        "TestTenant.count",
        "select count(*) from \(table) where tenant_id = app.tenant() and (\(condition))",
        only: { try $0.next() }))
  }

  /// Changes something behind the site's back, as its owner.
  package func change(_ sql: SQL) throws {
    try TestDatabase.shared(as: .migrate).write(as: Operator(for: id)) {
      $0.run("TestTenant.change", sql)
    }
  }
}
