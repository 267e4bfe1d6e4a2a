import Glibc
import Postgres
import Secrets

/// A tenant to look at, made with the same verbs as any other, so that every rule holds in it.
///
/// Made step by step, each in its own transaction: a run that was cut off is taken up where it
/// stopped. The same every time but for ids and dates.
package enum Demo {
  package static let slug = "acme-demo"

  package struct Made: Sendable {
    package var leads = 0
    package var drafts = 0
  }

  static let leadCount = 200

  /// Makes what is missing; sets the three passwords in any case. `hash` is asked once a person.
  package static func seed(on database: Database, hash: () throws -> PasswordHash) throws -> Made {
    // Losing the last moments in a power cut is no loss here.
    try database.script("set synchronous_commit = off")
    let tenant = try tenant(on: database)
    let staff = try Staff(of: tenant, on: database, hash: hash)
    return try DemoDesk(database: database, tenant: tenant, staff: staff).fill()
  }

  private static func tenant(on database: Database) throws -> ID<Tenant> {
    let (_, known) = try database.read(as: Operator(), Tenant.named(slug))
    if let known { return known }
    guard let email = EmailAddress("bonjour@atelier-dubois.example") else {
      preconditionFailure("The demo's own address is one.")
    }
    let new = NewTenant(
      slug: slug, name: "Atelier Dubois", contactName: "Atelier Dubois", contactEmail: email,
      timezone: "Europe/Paris", locale: "en", currency: .euro)
    try database.write(as: Operator(for: new.id)) { tx in Tenant.create(new, in: tx) }
    return new.id
  }
}

extension Demo {
  /// Who works there.
  struct Staff {
    let sales: ID<User>
    let reviewer: ID<User>
    let admin: ID<User>

    init(
      of tenant: ID<Tenant>, on database: Database, hash: () throws -> PasswordHash
    ) throws {
      func member(_ role: Role, _ name: String) throws -> ID<User> {
        guard let email = EmailAddress("\(role.rawValue)@example.test") else {
          preconditionFailure("The demo's own addresses are some.")
        }
        let entry = Operator(for: tenant)
        let password = try hash()
        try database.write(as: entry) { tx in
          let (_, standing) = try tx.look(MemberStanding.of(email))
          if !standing.isMember || standing.isDisabled {
            tx.createUser(email, name: name, password: password, roles: [role])
          }
          if standing.isPerson { tx.resetPassword(of: email, to: password) }
        }
        let (_, id) = try database.read(as: entry, Member.with(email, in: tenant))
        guard let id else { throw NotFound() }
        return id
      }
      sales = try member(.sales, "Inès Laurent")
      reviewer = try member(.reviewer, "Thomas Becker")
      admin = try member(.admin, "Camille Dubois")
    }

    subscript(role: Role) -> ID<User> {
      switch role {
      case .sales: sales
      case .reviewer: reviewer
      case .admin: admin
      }
    }
  }
}

/// Does what the people of the demo did.
struct DemoDesk {
  let database: Database
  let tenant: ID<Tenant>
  let staff: Demo.Staff

  func act<Result>(
    as role: Role, _ body: (Transaction<Operator>) throws -> Result
  ) throws -> Result {
    try database.write(as: Operator(for: tenant, standingInFor: staff[role]), body)
  }

  func fill() throws -> Demo.Made {
    var plans = DemoLead.all(Demo.leadCount)
    let cast = cast(plans)
    for (story, index) in cast {
      if let mailbox = story.mailbox { plans[index].misbehave(like: mailbox) }
    }
    var made = Demo.Made()
    for plan in plans.dropFirst(try leads().count) {
      try make(plan)
      made.leads += 1
    }
    let leads = try leads()
    if made.leads > 0 { try spreadOverTime(leads) }

    for (story, index) in cast.dropFirst(try drafts().count) {
      try tell(story, about: plans[index], leads[index])
      made.drafts += 1
    }
    try takeNotes(plans, leads)
    try askQuestions(plans, leads)
    return made
  }

  /// Which lead each story is about: the newest that suits it and has none.
  private func cast(_ plans: [DemoLead]) -> [(story: DemoStory, index: Int)] {
    var taken = Set<Int>()
    return DemoStory.all.map { story in
      guard let index = plans.indices.last(where: { !taken.contains($0) && story.suits(plans[$0]) })
      else { preconditionFailure("There are more leads than stories.") }
      taken.insert(index)
      return (story, index)
    }
  }

  func look<T>(_ query: Query<T>) throws -> T {
    let (_, answer) = try database.read(as: Operator(for: tenant), query)
    return answer
  }

  /// In the order in which they were made.
  private func leads() throws -> [ID<Lead>] {
    try look(
      Query(
        "Demo.leads", "select id from leads where tenant_id = (select app.tenant()) order by id",
        all: { try $0.next(ID<Lead>.self) }))
  }

  private func drafts() throws -> [ID<Draft>] {
    try look(
      Query(
        "Demo.drafts", "select id from drafts where tenant_id = (select app.tenant()) order by id",
        all: { try $0.next(ID<Draft>.self) }))
  }
}

// MARK: - Leads

extension DemoDesk {
  private func make(_ plan: DemoLead) throws {
    let id = ID<Lead>()
    let details = LeadDetails(
      title: plan.title, description: plan.description, company: plan.company, source: plan.source,
      estimatedValue: plan.value, owner: plan.owner.map { staff[$0] }, contact: plan.contact)
    try act(as: plan.capturedBy) { tx in try Lead.capture(Intake(details), as: id, in: tx) }
    for step in plan.steps {
      try act(as: .sales) { tx in
        try Lead.change(id, in: tx) { lead in
          try lead.move(to: step.stage, reason: step.reason, in: tx)
        }
      }
    }
    try settle(id, plan)
    if let reason = plan.suppressedReason {
      try act(as: .sales) { tx in
        try Lead.change(id, in: tx) { lead in try lead.stop(.suppression, reason: reason, in: tx) }
      }
    }
  }

  /// Where outreach stands, and how it ended: in one transaction, as far as a lead is locked once.
  private func settle(_ id: ID<Lead>, _ plan: DemoLead) throws {
    guard plan.contactStatus != .new || plan.tag != nil || plan.ending != nil else { return }
    try act(as: .sales) { tx in
      try Lead.change(id, in: tx) { lead in
        if plan.contactStatus != .new {
          try lead.setContactStatus(to: plan.contactStatus, reason: nil, in: tx)
        }
        if let tags = plan.tag.flatMap({ Tags(typed: $0) }) {
          try lead.retag(tags, seen: [], in: tx)
        }
        if let ending = plan.ending {
          try lead.conclude(
            as: ending.outcome, reason: ending.reason, client: plan.company ?? plan.title, in: tx)
        }
        if plan.isArchived { try lead.settle(into: .archived, in: tx) }
      }
    }
  }

  /// Leads came in over the past weeks, on working days. Only `leads.created_at` says so: histories
  /// are append-only and tell when the demo was made.
  private func spreadOverTime(_ leads: [ID<Lead>]) throws {
    let days = DemoCalendar(leads: leads.count)
    try database.write(as: Operator(for: tenant)) { tx in
      for (index, lead) in leads.enumerated() {
        tx.run(
          "Demo.date",
          """
          update leads
          set created_at = to_timestamp(\(days.seconds(of: index))),
              last_activity_at = case when \(index.isMultiple(of: 3)) then to_timestamp(\(days.seconds(of: index)))
                                      else last_activity_at end
          where id = \(lead)
          """)
      }
    }
  }
}

// MARK: - Drafts

extension DemoDesk {
  private func tell(_ story: DemoStory, about plan: DemoLead, _ lead: ID<Lead>) throws {
    let draft = ID<Draft>()
    let contacts = try look(Contact.all(of: lead))
    let recipients = RecipientChoice(
      Dictionary(contacts.prefix(1).map { ($0.id, .to) }, uniquingKeysWith: { first, _ in first }))
    func text(_ version: DemoStory.Text) -> DraftText {
      DraftText(
        subject: version.subject, contentMarkdown: version.markdown(for: plan),
        recipients: recipients)
    }
    try act(as: story.author) { tx in
      try Draft.start(.followupEmail, for: lead, text(story.text), as: draft, in: tx)
    }
    for turn in story.turns {
      guard let seen = try look(Draft.find(draft)) else { throw NotFound() }
      switch turn {
      case .submit:
        try act(as: story.author) { tx in try Draft.submit(draft, seen: seen.revision, in: tx) }
      case .rewrite(let version):
        try act(as: story.author) { tx in
          try Draft.edit(draft, seen: seen.revision, text(version), in: tx)
        }
      case .decide(let decision, let comment):
        try act(as: .reviewer) { tx in
          _ = try Approval.decide(
            decision, on: draft, seen: seen.contentHash ?? [], comment: comment, in: tx)
        }
      case .suppress(let reason):
        try act(as: .sales) { tx in
          try Lead.change(lead, in: tx) { lead in
            try lead.stop(.suppression, reason: reason, in: tx)
          }
        }
      }
    }
  }
}

/// Days on which leads come in: Monday to Friday, five a day, the last one yesterday or before.
struct DemoCalendar {
  private let days: [Int]
  private static let leadsADay = 5

  init(leads: Int, today: Int = time(nil) / 86_400) {
    var days: [Int] = []
    var day = today - 1
    while days.count * Self.leadsADay < leads {
      // 1 January 1970 was a Thursday.
      if (day + 3) % 7 < 5 { days.append(day) }
      day -= 1
    }
    self.days = days.reversed()
  }

  /// Seconds since 1970; later for each lead.
  func seconds(of index: Int) -> Int {
    let place = index % Self.leadsADay
    let minute = (index &* 37) % 55
    return days[index / Self.leadsADay] * 86_400 + (7 + place * 2) * 3_600 + minute * 60
  }
}
