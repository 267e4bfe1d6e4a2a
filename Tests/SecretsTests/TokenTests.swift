import Secrets
import Testing

@Suite struct `A token` {
  @Test func `is 43 characters of base64url and reads back to the same digest`() throws {
    let token = Token.random()

    let read = try #require(Token(token.text))

    #expect(token.text.utf8.count == 43)
    #expect(read.text == token.text)
    #expect(read.digest == token.digest)
    #expect(token.digest == Sodium.sha256(try #require(Base64URL.decode(token.text))))
  }

  @Test func `never comes twice`() {
    #expect(Set((0..<1000).map { _ in Token.random().text }).count == 1000)
  }

  @Test(arguments: [
    "", "AAAA",
    String(repeating: "A", count: 42), String(repeating: "A", count: 44),
    String(repeating: "A", count: 42) + "B",
    String(repeating: "A", count: 42) + "=",
    String(repeating: "A", count: 42) + "\u{301}",
    " " + String(repeating: "A", count: 42),
    String(repeating: "A", count: 42) + "\n",
  ])
  func `is not read from any other text`(text: String) {
    #expect(Token(text) == nil)
  }

  @Test func `does not show itself when printed`() {
    let token = Token.random()
    var dumped = ""
    dump(token, to: &dumped)

    #expect(!"\(token)".contains(token.text))
    #expect(!String(reflecting: [token]).contains(token.text))
    #expect(!dumped.contains(token.text))
  }
}
