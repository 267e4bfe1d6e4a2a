import Secrets
import Testing

@Suite struct `Choosing a password` {
  @Test(arguments: [
    "correct horse battery", "une phrase bien à moi", "Tr0ub4dor&3 and more", "日本語のパスワードはこれです",
    "closerflow is not my password", "vermilion kettle 88",
  ])
  func `a long one that nobody would guess is taken`(password: String) {
    #expect(PasswordPolicy.refusal(of: password, context: ["Ada", "Lovelace", "acme"]) == nil)
  }

  @Test(
    arguments: [
      ("short", .tooShort), ("elevenchars", .tooShort), ("éééééé", .tooShort),
      (String(repeating: "kettle vermilion ", count: 8), .tooLong),
      ("vermilion\u{0}kettle", .unusableCharacter),
      ("password1234", .common), ("PASSWORD1234", .common), ("Password-2026!", .common),
      ("p4ssw0rd2026", .common), ("Welcome-2026!", .common), ("motdepasse1234", .common),
      ("stratocaster", .common), ("...football...", .common), ("1qaz2wsx3edc", .common),
      ("aaaaaaaaaaaa", .pattern), ("123456789012", .pattern), ("abcdefghijkl", .pattern),
      ("qwertyuiop12", .pattern), ("azertyuiopqs", .pattern), ("kettlekettle", .pattern),
      ("ab1ab1ab1ab1", .pattern), ("987654321098", .pattern),
      ("closerflow2026", .personal), ("Lovelace1815", .personal), ("1815LOVELACE!", .personal),
    ] as [(String, PasswordPolicy.Refusal)])
  func `a bad one is refused with its reason`(password: String, reason: PasswordPolicy.Refusal) {
    #expect(PasswordPolicy.refusal(of: password, context: ["Ada", "Lovelace"]) == reason)
  }

  @Test func `length is counted in code points, from 12 to 128`() {
    let phrase = Array("vermilion kettle, über the old 北 harbour wall; ".unicodeScalars)
    func password(_ length: Int) -> String {
      String(String.UnicodeScalarView((0..<length).map { phrase[$0 % phrase.count] }))
    }

    #expect(PasswordPolicy.refusal(of: password(11)) == .tooShort)
    #expect(PasswordPolicy.refusal(of: password(12)) == nil)
    #expect(PasswordPolicy.refusal(of: password(128)) == nil)
    #expect(PasswordPolicy.refusal(of: password(129)) == .tooLong)
  }
}
