import TestSupport
import Testing

@testable import CRM

@Suite struct `Pseudonyms of one call` {
  private var ada: Pseudonyms {
    Pseudonyms(
      people: [
        .init(firstName: "Ada", lastName: "Lovelace"), .init(firstName: "José", lastName: nil),
      ],
      companies: ["Analytical Engines"])
  }

  @Test(arguments: [
    ("Ada Lovelace called", "[PERSON_1] called"),
    ("LOVELACE, ada", "[PERSON_1]"),
    ("Ask Ada's boss", "Ask [PERSON_1_FIRST]'s boss"),
    ("mrs lovelace", "mrs [PERSON_1_LAST]"),
    ("Jose\u{301} said so", "[PERSON_2] said so"),
    ("at Analytical  Engines Ltd", "at [COMPANY_1] Ltd"),
    ("canada and adamant", "canada and adamant"),
    ("write to j.doe+x@mail.example.org.", "write to [EMAIL_1]."),
    ("josé@exämple.fr", "[EMAIL_1]"),
    ("call +33 (0)6 12 34 56 78 now", "call [PHONE_1] now"),
    ("06.12.34.56.78", "[PHONE_1]"),
    ("415-555-0132 or 5550132", "[PHONE_1] or [PHONE_2]"),
    ("٠٦١٢٣٤٥٦٧٨", "[PHONE_1]"),
    ("by 2026-11-21, 21/11/2026, 2024-2026", "by 2026-11-21, 21/11/2026, 2024-2026"),
    ("budget 1 200 000 or 1200000 or 40k", "budget 1 200 000 or 1200000 or 40k"),
  ])
  func `stand in for people, companies, addresses and numbers`(text: String, hidden: String) {
    var pseudonyms = ada

    #expect(pseudonyms.hide(text) == hidden)
  }

  private var around: Pseudonyms {
    Pseudonyms(
      people: [
        .init(
          firstName: "Jean-Pierre", lastName: "O’Connor", email: "jpo77@fontaine.example",
          phone: "+33612345678"),
        .init(firstName: "Hélène", lastName: "de la Müller-Straße", email: "helene@gmail.com"),
        .init(firstName: "Mark", lastName: "Łukasz", phone: "+4520242026"),
        .init(firstName: nil, lastName: nil, email: "x@xn--bcher-kva.example"),
      ],
      companies: ["Fontaine & Fils S.A.S.", "GmbH Kowalski Bau"])
  }

  @Test(arguments: [
    // Names without accents, in capitals, full width, with signs nobody sees, in the plural.
    ("helene and HÉLÈNE", "[PERSON_2_FIRST] and [PERSON_2_FIRST_V2]"),
    ("Ｈélène, He\u{301}le\u{300}ne", "[PERSON_2_FIRST], [PERSON_2_FIRST_V2]"),
    ("Hé\u{200B}lè\u{AD}ne", "[PERSON_2_FIRST]"),
    ("the Müllers, Lukasz' van", "the [PERSON_2_LAST], [PERSON_3_LAST]' van"),
    ("Mueller and Muller", "[PERSON_2_LAST] and [PERSON_2_LAST_V2]"),
    // Halves of double names, and such names as one word; the small words of a name stay.
    ("Pierre or Jean", "[PERSON_1_FIRST] or [PERSON_1_FIRST_V2]"),
    ("Strasse de la gare", "[PERSON_2_LAST] de la gare"),
    ("JeanPierre OConnor", "[PERSON_1_FIRST] [PERSON_1_LAST]"),
    ("connor said, Connor's", "[PERSON_1_LAST] said, [PERSON_1_LAST_V2]'s"),
    ("jeanpierreoconnor", "[PERSON_1]"), ("Mark made a mark", "[PERSON_3_FIRST] made a mark"),
    // Companies without their legal form, and by the word that is theirs.
    ("Fontaine et fils", "[COMPANY_1] et fils"), ("Fontaine & Fils", "[COMPANY_1]"),
    ("fontaine & fils sas", "[COMPANY_1] sas"), ("chez Kowalski", "chez [COMPANY_2]"),
    ("Kowalski Bau", "[COMPANY_2]"), ("kowalski bau gmbh", "[COMPANY_2] gmbh"),
    // Numbers in any grouping, of any script, from anywhere.
    ("061 234 56 78", "[PHONE_1]"), ("06-1234 / 5678", "[PHONE_1]"), ("6,12,34,56,78", "[PHONE_1]"),
    ("0033 (0) 6 12 34 56 78", "[PHONE_1]"), ("06\n12\n34\n56\n78", "[PHONE_1]"),
    ("06_12_34_56_78", "[PHONE_1]"), ("06 12\u{200B}345678", "[PHONE_1]"),
    ("٠٦ ١٢ ٣٤ ٥٦ ٧٨", "[PHONE_1]"), ("2024-2026", "[PHONE_1]"), ("20.242.026", "[PHONE_1]"),
    ("2025-2026", "2025-2026"), ("12 345 679", "12 345 679"),
    // Addresses and domains.
    ("www.fontaine.example/kontakt", "[DOMAIN_1]/kontakt"), ("ask jpo77", "ask [PERSON_1]"),
    ("bücher.example, XN--BCHER-KVA.example", "[DOMAIN_1], [DOMAIN_2]"),
    ("shop.Bücher.example.", "[DOMAIN_1]."), ("gmail.com", "gmail.com"),
    ("notfontaine.example", "notfontaine.example"),
  ])
  func `hide who is known however it is written`(text: String, hidden: String) {
    var pseudonyms = around

    #expect(pseudonyms.hide(text) == hidden)
    #expect(Array(pseudonyms.restore(hidden).utf8) == Array(text.utf8))
  }

  @Test func `are the same in every text of a call`() {
    var pseudonyms = ada

    let texts = ["ada, 06 12 34 56 78", "Ada, 0612345678, a@b.co", "ada", "a@b.co"].map {
      pseudonyms.hide($0)
    }

    #expect(
      texts == [
        "[PERSON_1_FIRST], [PHONE_1]", "[PERSON_1_FIRST_V2], [PHONE_1_V2], [EMAIL_1]",
        "[PERSON_1_FIRST]", "[EMAIL_1]",
      ])
  }

  @Test func `come back as what they stood for, also without their brackets`() {
    var pseudonyms = ada
    _ = pseudonyms.hide("Ada Lovelace, 06 12 34 56 78")

    #expect(
      pseudonyms.restore("Call [PERSON_1] on PHONE_1; [PERSON_9] is nobody.")
        == "Call Ada Lovelace on 06 12 34 56 78; [PERSON_9] is nobody.")
  }

  @Test func `give back every text as it was`() {
    var chance = Chance(seed: 7)
    let pieces = [
      "Ada", "Lovelace", "ada ", "José", "[PERSON_1]", "PERSON_1", "PERSON_", "[", "]", "_V2", "1",
      "EMAIL_1", "TEXT_1", "@", "x@y.z", "+33 6 12 34 56 78", "0612345678", " ", "\r\n", "é",
      "e\u{301}",
      "👩‍👧", "\u{200B}", "(", ".", "-", "12", "345", "Analytical Engines", "A",
    ]

    for _ in 0..<3_000 {
      var pseudonyms = ada
      let text = (0..<Int.random(in: 1...14, using: &chance))
        .map { _ in pieces.randomElement(using: &chance) ?? "" }.joined()
      let hidden = pseudonyms.hide(text)

      #expect(Array(pseudonyms.restore(hidden).utf8) == Array(text.utf8), "\(text) → \(hidden)")
    }
  }

  @Test func `take no longer than the text is long`() {
    var pseudonyms = ada
    let hostile = ["1 ", "a.", "(", "PERSON_", "Ada "].map { String(repeating: $0, count: 20_000) }

    let took = ContinuousClock().measure { for text in hostile { _ = pseudonyms.hide(text) } }

    #expect(took < .seconds(20))
  }
}
