import CRM
import Postgres
import TestSupport
import Testing

/// What can be taken back, in every order that chance comes upon; the number is the chance's seed.
@Suite struct `Whatever was done to many` {
  @Test(arguments: 1...8)
  func `leaves no trace when it is taken back, the latest first`(seed: UInt64) throws {
    var chance = Chance(seed: seed)
    let acme = try tenant(&chance)
    let before = try acme.dump()
    var operations: [String] = []

    for _ in 0..<14 {
      let answer =
        switch Int.random(in: 0..<3, using: &chance) {
        case 0: try merge("leads", at: "/leads", in: acme, &chance)
        case 1: try merge("contacts", at: "/contacts", in: acme, &chance)
        default: try changeMany(in: acme, &chance)
        }
      if let operation = answer?.place { operations.append(operation) }
    }
    #expect(try acme.dump() != before)
    for operation in operations.reversed() {
      #expect(try acme.sales.post("\(operation)/undo").status == 303)
    }

    #expect(try acme.dump() == before)
    #expect(try acme.count("operation_changes", where: "outcome = 'refused'") == 0)
  }

  @Test(arguments: 1...8)
  func `and whatever was imported, too`(seed: UInt64) throws {
    var chance = Chance(seed: seed)
    let acme = try tenant(&chance)
    for _ in 0..<3 { _ = try merge("leads", at: "/leads", in: acme, &chance) }
    for _ in 0..<3 {
      let before = try acme.dump()

      let place = try acme.importing(
        file(&chance), columns: Self.columns,
        mode: ["create", "add", "update", "fill_blanks"].randomElement(using: &chance)!)
      try acme.ask("undo", place)

      #expect(try acme.dump() == before)
    }
    #expect(try acme.count("operation_changes", where: "outcome = 'refused'") == 0)
    #expect(try acme.count("lead_import_rows", where: "status = 'kept'") == 0)
  }

  private static let columns = [
    "title", "company", "first_name", "last_name", "email", "phone", "tags", "external_id",
    "message",
  ]

  /// A few leads whose people, companies and numbers of record the files know.
  private func tenant(_ chance: inout Chance) throws -> TestTenant {
    let acme = try TestTenant.fresh()
    for n in 0..<6 {
      _ = try acme.sales.post(
        "/leads",
        [
          "title": "Lead \(n)", "company": chance.one(of: "", "Maison", "Atelier"),
          "first_name": chance.one(of: "", "Ada"), "last_name": "Person \(n)",
          "email": n == 5 ? "" : "person\(n)@example.com",
          "phone": chance.one(of: "", "+33 6 12 34 56 0\(n)"), "tags": chance.one(of: "", "fair"),
          "external_id": chance.one(of: "", "R\(n)"), "duplicates": "anyway",
        ])
    }
    return acme
  }

  /// Two of the leads, or of the people, that there are; each field stays as chance has it.
  private func merge(
    _ what: SQL, at place: String, in acme: TestTenant, _ chance: inout Chance
  ) throws -> Page? {
    let two = try acme.ids(what).shuffled(using: &chance).prefix(2)
    guard let kept = two.first, let other = two.last, kept != other else { return nil }
    let form = try acme.sales.get("\(place)/\(kept)/merge?with=\(other)")
    let fields = Set(form.html.matches(of: /name="(take_[a-z_]+)"/).map { String($0.1) }).sorted()
    let answer = try acme.sales.postPairs(
      "\(place)/\(kept)/merge",
      [
        ("with", other), ("revision", form.hidden("revision") ?? ""),
        ("other_revision", form.hidden("other_revision") ?? ""),
      ] + fields.map { ($0, chance.one(of: "this", "other")) })
    #expect(answer.status == 303)
    return answer
  }

  private func changeMany(in acme: TestTenant, _ chance: inout Chance) throws -> Page? {
    let chosen = try acme.ids("leads").filter { _ in Bool.random(using: &chance) }
    let changes: [[(String, String)]] = [
      [
        ("action", "stage"), ("stage", chance.one(of: "discovery", "proposal")),
        ("stage_reason", "r"),
      ],
      [("action", "tag"), ("add_tags", chance.one(of: "a", "b")), ("remove_tags", "fair")],
      [("action", "assign"), ("owner", chance.one(of: acme.admin.user.description, "nobody"))],
      [("action", "archive")],
    ]
    let change = changes.randomElement(using: &chance)!
    let answer = try acme.sales.postPairs(
      "/leads/bulk",
      change + [("seen", LeadSelection.mark(of: chosen.compactMap { ID($0) }))]
        + [("selection", chosen.map { "lead=\($0)" }.joined(separator: "&"))])
    return answer.status == 303 && answer.place?.contains("/operations/") == true ? answer : nil
  }

  private func file(_ chance: inout Chance) -> String {
    let lines = (0..<12).map { n in
      [
        "Row \(n)", chance.one(of: "", "Maison", "Elsewhere"), chance.one(of: "", "Grace"),
        chance.one(of: "", "Person \(n)"),
        chance.one(of: "", "person\(n)@example.com", "new\(n)@example.com"),
        chance.one(of: "", "+33 6 12 34 56 0\(n % 10)"), chance.one(of: "", "vip"),
        chance.one(of: "", "R\(n)"), chance.one(of: "", "Call me."),
      ].joined(separator: ",")
    }
    return (["t,c,f,l,e,p,g,x,m"] + lines).joined(separator: "\n")
  }
}

extension TestTenant {
  /// Those that are there, the oldest first.
  fileprivate func ids(_ table: SQL) throws -> [String] {
    try look(
      Query(
        "ids",
        """
        select id::text from \(table) where tenant_id = app.tenant() and deleted_at is null
          and coalesce(to_jsonb(\(table)) -> 'archived_at', 'null') = 'null' order by id
        """, all: { try $0.next() }))
  }
}

extension Chance {
  fileprivate mutating func one(of choices: String...) -> String {
    choices.randomElement(using: &self)!
  }
}
