import Testing

@testable import CRM

@Suite struct `A mention` {
  private let members = [
    "Sam Sales", "Sam Salesman", "Élodie Roux", "Ole", "Jean Martin", "Mike Smith",
    "Anna-Maria Berg", "Liam O’Neil",
    "Jo M. Dale",
  ].map { Member(id: ID<User>(), name: $0) }

  private func names(_ text: String) -> [String] {
    Mentions(in: text, among: members).members.map(\.name)
  }

  private func unclear(_ text: String) -> [String] { Mentions(in: text, among: members).unclear }

  @Test func `is a displayed name behind @, case and accents aside, the longest that fits`() {
    #expect(names("@sam sales, please call") == ["Sam Sales"])
    #expect(names("Ask @Sam Salesman.") == ["Sam Salesman"])
    #expect(names("(@ÉLODIE ROUX) and @elodie roux") == ["Élodie Roux"])
    #expect(
      names("@Liam O'Neil, @anna\u{2011}maria berg and @Jo M. Dale") == [
        "Liam O’Neil", "Anna-Maria Berg", "Jo M. Dale",
      ])
  }

  @Test func `may be a first name that only one member has`() {
    #expect(names("@Élodie knows") == ["Élodie Roux"])
    #expect(names("@E\u{301}lodie knows") == ["Élodie Roux"])
    #expect(names("@Anna-Maria, may we?") == ["Anna-Maria Berg"])
    #expect(names("@Mike. Please call; @Jean: now") == ["Mike Smith", "Jean Martin"])
    #expect(names("@Sam knows") == [] && unclear("@Sam knows") == ["Sam"])
  }

  @Test(arguments: [
    ("@Jean-Pierre, please", "Jean-Pierre"), ("@Mike O'Connor, please", "Mike O'Connor"),
    ("@Mike O’Connor", "Mike O’Connor"), ("@Anna Berg", "Anna Berg"),
    ("@Elodie-Anne", "Elodie-Anne"),
    ("@Jean Dupont is away", "Jean Dupont"), ("@Jeanne", "Jeanne"), ("@Olek", "Olek"),
    ("@Liam O", "Liam O"),
    ("@Ole-Gunnar", "Ole-Gunnar"), ("@Mike Smithson", "Mike Smithson"), ("@Sam", "Sam"),
  ])
  func `that goes on behind a colleague's name is somebody else, and is said to be unclear`(
    text: String, name: String
  ) {
    #expect(names(text) == [])
    #expect(unclear(text) == [name])
  }

  @Test func `counts once, in the order of the text`() {
    #expect(names("@Ole and @Élodie, then @ole again") == ["Ole", "Élodie Roux"])
    #expect(unclear("@Nobody and @Nobody") == ["Nobody"])
  }

  @Test(arguments: ["mail to sam@ole", "@ Ole", "Ole", "@", "@@", "", "a@b.example"])
  func `stays plain text where it names nobody`(text: String) {
    #expect(names(text) == [] && unclear(text) == [])
  }
}
