import Glibc
import Postgres

/// What the people of the demo wrote down, want to come back to, and were told.
extension DemoDesk {
  func takeNotes(_ plans: [DemoLead], _ leads: [ID<Lead>]) throws {
    guard try look(Self.isNoted) == false else { return }
    let open = plans.indices.reversed().filter {
      plans[$0].owner == .sales && plans[$0].ending == nil && plans[$0].suppressedReason == nil
        && !plans[$0].steps.isEmpty
    }
    for (index, note) in zip(open, Self.notes) {
      try act(as: note.author) { tx in try Lead.note(note.body, on: leads[index], in: tx) }
    }
    for (index, days) in zip(open.dropFirst(2), [-6, -1, 0, 0, 4, 12]) {
      try act(as: .sales) { tx in
        try Lead.change(leads[index], in: tx) { lead in
          try lead.followUp(on: Self.day(in: days), in: tx)
        }
      }
    }
    for index in open.dropFirst(4).filter({ plans[$0].contact.phone != nil }).prefix(2) {
      try forbidCalls(leads[index])
    }
    try relate(open.prefix(9).map { leads[$0] })
    for (index, talk) in zip(open, [Self.french, Self.english]) { try hold(talk, on: leads[index]) }
  }

  private static let isNoted = Query<Bool>(
    "Demo.isNoted", "select exists (select from notes where tenant_id = (select app.tenant()))",
    only: { try $0.next() })

  private static func day(in days: Int) -> Day? {
    Day(of: Timestamp(microseconds: Int64(time(nil) + days * 86_400) * 1_000_000))
  }

  private func forbidCalls(_ lead: ID<Lead>) throws {
    guard let contact = try look(Contact.all(of: lead)).first else { return }
    try act(as: .sales) { tx in
      try Lead.changePermission(
        lead, contact.id, .phone, isAllowed: false, reason: "Ne répond jamais, préfère l'e-mail.",
        in: tx)
    }
  }

  /// A small web: who brought whom, who works or lives together.
  private func relate(_ leads: [ID<Lead>]) throws {
    let ties: [(from: Int, role: Relationship.Role, to: Int, note: String?)] = [
      (0, .referredBy, 3, "Au salon de l'habitat"), (0, .family, 1, "Deux sœurs"),
      (0, .sameCompany, 5, nil), (3, .referred, 4, nil), (3, .colleague, 6, "Même cabinet"),
      (1, .referredBy, 7, nil), (5, .referred, 8, nil), (4, .family, 7, nil),
    ]
    for tie in ties where max(tie.from, tie.to) < leads.count {
      try act(as: .sales) { tx in
        try Lead.relate(leads[tie.from], to: leads[tie.to], as: tie.role, note: tie.note, in: tx)
      }
    }
  }

  private static let notes: [(author: Role, body: String)] = [
    (
      .sales,
      """
      Appel de ce matin : le plâtre sèche plus lentement que prévu, pose à décaler d'une semaine.
      @Thomas Becker, peux-tu relire le prochain e-mail avant jeudi ?
      """
    ),
    (.reviewer, "@Inès Laurent: they asked twice about the warranty. Put it into the next letter."),
    (.sales, "Le frère du client décide aussi ; l'appeler après 18 h."),
    (.admin, "@inès laurent, @thomas: this one came through the school, be quick."),
    (.sales, "Wants to see a sample of the oiled oak before deciding."),
    (.sales, "Budget confirmé : entre 12 et 15 000 €."),
  ]

  private struct Talk {
    let channel: String
    let subject: String
    /// Oldest first; true for what the lead wrote.
    let messages: [(isInbound: Bool, text: String)]
  }

  private static let french = Talk(
    channel: "form", subject: "Demande depuis le site",
    messages: [
      (
        true,
        """
        Bonjour, nous cherchons un menuisier pour un projet dans notre maison de 1930.
        Quand pourriez-vous passer prendre les mesures ?
        """
      ),
      (false, "Bonjour, merci de votre message. Mardi ou jeudi prochain, en fin de journée ?"),
      (true, "Jeudi à 18 h, c'est parfait. Faut-il vider la pièce ?"),
    ])

  private static let english = Talk(
    channel: "email", subject: "Lead time",
    messages: [(true, "How long is your lead time at the moment? We open again in March.")])

  private func hold(_ talk: Talk, on lead: ID<Lead>) throws {
    let thread = ID<ConversationThread>()
    try act(as: .sales) { tx in
      tx.run(
        "Demo.thread",
        """
        insert into threads (tenant_id, id, lead_id, channel, subject, awaiting_reply)
        values (app.tenant(), \(thread), \(lead), \(talk.channel), \(talk.subject), true)
        """)
      for message in talk.messages {
        tx.run(
          "Demo.message",
          """
          insert into messages (tenant_id, id, thread_id, role, content)
          values (app.tenant(), \(ID<ConversationMessage>()), \(thread),
                  \(message.isInbound ? "lead" : "operator"), \(message.text))
          """)
      }
    }
  }
}
