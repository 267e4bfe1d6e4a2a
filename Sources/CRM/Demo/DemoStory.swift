/// What happened to one draft: who wrote it, and everything since.
struct DemoStory {
  enum Turn {
    case submit
    case rewrite(Text)
    case decide(Approval.Decision, comment: String?)
    case suppress(reason: String)
  }

  struct Text {
    let subject: String
    /// `{name}` stands for the person, `{job}` for what is to be built.
    let body: String

    func markdown(for lead: DemoLead) -> String {
      let values = ["{name}": lead.contact.firstName ?? "", "{job}": lead.job]
      var text = Array(body.utf8)
      for (place, value) in values {
        text = Array(
          text.split(separator: Array(place.utf8), omittingEmptySubsequences: false)
            .joined(separator: Array(value.utf8)))
      }
      return String(decoding: text, as: UTF8.self)
    }
  }

  let language: DemoLead.Language
  var author = Role.sales
  /// How the recipient's mailbox answers, where not well; see deploy/mail-sink.
  var mailbox: String?
  let text: Text
  let turns: [Turn]

  /// A lead in that language who can be written to and has been talked to.
  func suits(_ lead: DemoLead) -> Bool {
    lead.language == language && lead.contact.email != nil && lead.suppressedReason == nil
      && !lead.steps.isEmpty && lead.ending == nil
  }

  /// Oldest first.
  static let all = [
    DemoStory(
      language: .french, text: .visit,
      turns: [.submit, .decide(.approved, comment: nil)]),
    DemoStory(
      language: .english, text: .thanks,
      turns: [.submit, .decide(.approved, comment: "Clear and friendly, off it goes.")]),
    DemoStory(
      language: .english, mailbox: "drop", text: .samples,
      turns: [.submit, .decide(.approved, comment: nil)]),
    DemoStory(
      language: .french, mailbox: "reject", text: .measure,
      turns: [.submit, .decide(.approved, comment: nil)]),
    DemoStory(
      language: .english, text: .discount,
      turns: [
        .submit,
        .decide(.rejected, comment: "We do not grant discounts by e-mail. Please call instead."),
      ]),
    DemoStory(
      language: .french, text: .delay,
      turns: [
        .submit,
        .decide(
          .changesRequested,
          comment: "Nous ne promettons jamais une date de pose avant la visite. À reformuler."),
      ]),
    DemoStory(
      language: .french, text: .wood,
      turns: [
        .submit,
        .decide(
          .changesRequested, comment: "Le chêne massif est à 85 €/m², pas 58. Merci de corriger."),
        .rewrite(.woodCorrected), .submit,
      ]),
    DemoStory(language: .french, text: .measure, turns: [.submit]),
    DemoStory(language: .english, text: .drawing, turns: [.submit]),
    DemoStory(language: .english, author: .admin, text: .references, turns: [.submit]),
    DemoStory(language: .french, text: .reminder, turns: [.submit]),
    DemoStory(language: .english, author: .reviewer, text: .acoustics, turns: [.submit]),
    DemoStory(
      language: .french, text: .spring,
      turns: [
        .submit, .suppress(reason: "Ne souhaite plus recevoir de messages, appel de ce matin."),
      ]),
    DemoStory(language: .french, text: .idea, turns: []),
    DemoStory(language: .english, text: .samples, turns: []),
  ]
}

// MARK: - Letters

extension DemoStory.Text {
  fileprivate static let visit = Self(
    subject: "Notre visite de jeudi",
    body: """
      Bonjour {name},

      merci de votre accueil jeudi. Pour **{job}**, nous avons noté :

      - les mesures des trois murs, à reprendre une fois le plâtre sec ;
      - votre préférence pour un chêne clair, huilé ;
      - une pose en une seule journée si possible.

      Vous recevez notre proposition d'ici dix jours. Y a-t-il autre chose à prévoir ?

      Bien à vous,
      Inès Laurent
      """)

  fileprivate static let thanks = Self(
    subject: "Thank you for showing us round",
    body: """
      Dear {name},

      thank you for showing us round. For **{job}** we would like to come back once with our \
      joiner, to look at the wall behind the radiator. It takes half an hour.

      Would Tuesday or Wednesday morning suit you?

      Kind regards,
      Inès Laurent
      """)

  fileprivate static let discount = Self(
    subject: "15 % if you sign this week",
    body: """
      Dear {name},

      if you sign for **{job}** by Friday, we take 15 % off. This offer will not come again!

      Kind regards,
      Inès Laurent
      """)

  fileprivate static let delay = Self(
    subject: "Votre date de pose",
    body: """
      Bonjour {name},

      pour **{job}**, la pose aura lieu le 12 du mois prochain, c'est promis.

      Bien à vous,
      Inès Laurent
      """)

  fileprivate static let wood = Self(
    subject: "Le choix du bois",
    body: """
      Bonjour {name},

      pour **{job}**, voici les trois bois dont nous avons parlé :

      1. chêne massif, 58 €/m² ;
      2. frêne, 62 €/m² ;
      3. noyer, 140 €/m².

      Tous viennent de forêts gérées durablement. Lequel préférez-vous ?

      Bien à vous,
      Inès Laurent
      """)

  fileprivate static let woodCorrected = Self(
    subject: "Le choix du bois",
    body: """
      Bonjour {name},

      pour **{job}**, voici les trois bois dont nous avons parlé :

      1. chêne massif, 85 €/m² ;
      2. frêne, 62 €/m² ;
      3. noyer, 140 €/m².

      Tous viennent de forêts gérées durablement. Lequel préférez-vous ? Je peux vous apporter des \
      échantillons.

      Bien à vous,
      Inès Laurent
      """)

  fileprivate static let measure = Self(
    subject: "Prise de mesures",
    body: """
      Bonjour {name},

      pour avancer sur **{job}**, nous aimerions prendre les mesures sur place. Deux dates \
      possibles : mardi à 9 h ou jeudi à 14 h.

      Laquelle vous convient ?

      Bien à vous,
      Inès Laurent
      """)

  fileprivate static let drawing = Self(
    subject: "First drawing",
    body: """
      Dear {name},

      the first drawing for **{job}** is ready. Two things are still open:

      - which side the door opens to;
      - whether the sockets move.

      Shall we go through it on the phone? It takes ten minutes.

      Kind regards,
      Inès Laurent
      """)

  fileprivate static let references = Self(
    subject: "Three projects like yours",
    body: """
      Dear {name},

      you asked what we have built that is close to **{job}**. Three customers are happy to show \
      you theirs: a bookshop, a dental practice and a school. Shall I put you in touch?

      Kind regards,
      Camille Dubois
      """)

  fileprivate static let reminder = Self(
    subject: "Avez-vous pu regarder notre proposition ?",
    body: """
      Bonjour {name},

      il y a deux semaines, nous vous avons envoyé notre proposition pour **{job}**. Avez-vous eu \
      le temps d'y jeter un œil ? Si quelque chose manque, je l'ajoute volontiers.

      Bien à vous,
      Inès Laurent
      """)

  fileprivate static let acoustics = Self(
    subject: "About the acoustics",
    body: """
      Dear {name},

      you asked how quiet the room will be. With felt behind the slats, **{job}** should bring the \
      echo down by about half; we can measure it before and after.

      Kind regards,
      Thomas Becker
      """)

  fileprivate static let spring = Self(
    subject: "Un créneau au printemps",
    body: """
      Bonjour {name},

      un créneau se libère au printemps pour **{job}**. Souhaitez-vous que nous vous le gardions ?

      Bien à vous,
      Inès Laurent
      """)

  fileprivate static let idea = Self(
    subject: "Une idée pour l'angle",
    body: """
      Bonjour {name},

      en relisant mes notes sur **{job}**, j'ai eu une idée pour l'angle
      """)

  fileprivate static let samples = Self(
    subject: "Samples of the finish",
    body: """
      Dear {name},

      the samples for **{job}** are here: oiled, waxed and lacquered. May I drop them in on
      """)
}
