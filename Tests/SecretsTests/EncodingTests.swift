import Secrets
import Testing

@Suite struct `Digests and encodings` {
  @Test func `SHA-256 and HMAC agree with the published vectors`() {
    #expect(
      Hex.encode(Sodium.sha256(Array("abc".utf8)))
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    // RFC 4231, test case 2, and case 6 with a key longer than a block.
    #expect(
      Hex.encode(
        Sodium.hmacSHA256(Array("what do ya want for nothing?".utf8), key: Array("Jefe".utf8)))
        == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    let longKey = [UInt8](repeating: 0xaa, count: 131)
    let text = Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8)
    #expect(
      Hex.encode(Sodium.hmacSHA256(text, key: longKey))
        == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
  }

  @Test func `secrets are equal only when every byte and the length are`() {
    #expect(Sodium.areEqual([1, 2, 3], [1, 2, 3]))
    #expect(Sodium.areEqual([], []))
    #expect(!Sodium.areEqual([1, 2, 3], [1, 2, 4]))
    #expect(!Sodium.areEqual([1, 2, 3], [1, 2]))
  }

  @Test func `random bytes do not repeat`() {
    let drawn = Set((0..<100).map { _ in Sodium.randomBytes(16) })

    #expect(drawn.count == 100)
    #expect(drawn.allSatisfy { $0.count == 16 })
  }

  @Test(arguments: 0...70) func `what is encoded decodes to the same bytes`(count: Int) {
    let bytes = Sodium.randomBytes(count)

    #expect(Base64.decode(Base64.encode(bytes)) == bytes)
    #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
    #expect(Hex.decode(Hex.encode(bytes)) == bytes)
  }

  @Test func `known texts come out as the standard writes them`() {
    #expect(Base64.encode(Array("foob".utf8)) == "Zm9vYg==")
    #expect(Base64URL.encode([0xfb, 0xff, 0xfe, 0x01]) == "-__-AQ")
    #expect(Hex.encode([0, 15, 255]) == "000fff")
    #expect(Hex.decode("00FFaa") == [0, 255, 170])
  }

  @Test(arguments: [
    "Zm9vYg", "Zm9vYg=", "Zm9vYh==", "Zm9v Yg==", "Zm9vYg==\n", "Zm9-Yg==", "é", "Zm9vYg==AAAA",
  ])
  func `base64 refuses every other spelling`(text: String) {
    #expect(Base64.decode(text) == nil)
  }

  @Test(arguments: ["-__-AR", "-__-AQ==", "-__-A", "+//+AQ", "-__-AQ\u{0}", " -__-AQ"])
  func `base64url refuses every other spelling`(text: String) {
    #expect(Base64URL.decode(text) == nil)
  }

  @Test(arguments: ["0", "0g", "0x00", "00 11", "٠٠", "00\n"])
  func `hexadecimal refuses what is not pairs of digits`(text: String) {
    #expect(Hex.decode(text) == nil)
  }
}
