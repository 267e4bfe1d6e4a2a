import Testing

@testable import CRM

@Suite struct `A mention` {
  private let members = ["Sam Sales", "Sam Salesman", "Élodie Roux", "Ole"].map {
    Member(id: ID<User>(), name: $0)
  }

  private func names(_ text: String) -> [String] {
    Mention.members(in: text, among: members).map(\.name)
  }

  @Test func `is a displayed name behind @, case aside, the longest that fits`() {
    #expect(names("@sam sales, please call") == ["Sam Sales"])
    #expect(names("Ask @Sam Salesman.") == ["Sam Salesman"])
    #expect(names("(@ÉLODIE ROUX)") == ["Élodie Roux"])
  }

  @Test func `may be a first name that only one member has`() {
    #expect(names("@Élodie knows") == ["Élodie Roux"])
    #expect(names("@Sam knows") == [])
  }

  @Test func `counts once, in the order of the text`() {
    #expect(names("@Ole and @Élodie, then @ole again") == ["Ole", "Élodie Roux"])
  }

  @Test(arguments: ["@Olek", "mail to sam@ole", "@ Ole", "Ole", "@", "@@", ""])
  func `stays plain text where it names nobody`(text: String) {
    #expect(names(text) == [])
  }
}
