import Mail
import Testing

@Suite struct `Writing a message` {
  @Test func `a plain English letter has these bytes`() throws {
    let letter = String(decoding: try Letter().bytes(), as: UTF8.self)

    #expect(
      letter
        == """
        From: Ada Lovelace <ada@acme.example>\r
        To: Bob <bob@example.com>\r
        Subject: Our call on Tuesday\r
        Date: Sat, 21 Nov 2026 03:47:00 +0000\r
        Message-ID: <d-019a@acme.example>\r
        MIME-Version: 1.0\r
        Content-Type: multipart/alternative; boundary="=_\(boundary)"\r
        \r
        --=_\(boundary)\r
        Content-Type: text/plain; charset=utf-8\r
        Content-Transfer-Encoding: quoted-printable\r
        \r
        Dear Bob,\r
        \r
        thank you.\r
        \r
        --=_\(boundary)\r
        Content-Type: text/html; charset=utf-8\r
        Content-Transfer-Encoding: quoted-printable\r
        \r
        <p>Dear Bob,</p>\r
        <p>thank you.</p>\r
        \r
        --=_\(boundary)--\r

        """)
  }

  @Test func `the same values give the same bytes, and another id another boundary`() throws {
    #expect(try Letter().bytes() == Letter().bytes())
    let other = try Letter(messageID: "<d-019b@acme.example>").bytes()
    #expect(!String(decoding: other, as: UTF8.self).contains(boundary))
  }

  @Test func `a French letter with every header is read back as it was written`() throws {
    let letter = Letter(
      from: Mailbox(name: "Zoé Lefèvre, Ventes", address: "zoe@acme.example"),
      to: [
        Mailbox(name: "Jean \"Jo\" d'Été", address: "jean@example.com"),
        Mailbox(address: "info@example.org"),
        Mailbox(name: "O'Neil; Smith & Co. (Paris)", address: "o@example.net"),
      ],
      cc: [Mailbox(name: "北京办事处", address: "cn@example.com")],
      subject:
        "Réponse à votre demande : l'été, 20 % de remise — et « plus » à découvrir ensemble dès lundi",
      inReplyTo: "<a1@example.com>", references: ["<a0@example.com>", "<a1@example.com>"],
      text: "Chère Zoé,\n\nà bientôt — très cordialement…\n",
      html: "<p>Chère Zoé,</p>\n<p>à bientôt — très cordialement…</p>\n", language: "fr-CA",
      extraHeaders: [
        ("List-Unsubscribe", "<https://crm.example/u/" + String(repeating: "t", count: 120) + ">")
      ])

    let read = try ReadMessage(try letter.bytes())

    #expect(read.defects == [])
    #expect(read.header("Subject") == letter.subject)
    #expect(read.addresses["From"] == [["Zoé Lefèvre, Ventes", "zoe@acme.example"]])
    #expect(read.addresses["To"] == letter.to.map { [$0.name, $0.address] })
    #expect(read.addresses["Cc"] == [["北京办事处", "cn@example.com"]])
    #expect(read.header("In-Reply-To") == "<a1@example.com>")
    #expect(read.header("References") == "<a0@example.com> <a1@example.com>")
    #expect(read.header("Content-Language") == "fr-CA")
    #expect(read.header("List-Unsubscribe") == letter.extraHeaders[0].value)
    #expect(read.header("Auto-Submitted") == nil)
    #expect(read.parts.map(\.type) == ["text/plain", "text/html"])
    #expect(
      read.parts.map { Self.normalised($0.content) }
        == [letter.text, letter.html].map(Self.normalised))
  }

  @Test(arguments: [
    "Hello", "é", String(repeating: "é", count: 300), String(repeating: "日本", count: 200),
    "👩‍👩‍👧 famille", String(repeating: "word ", count: 80) + "end", String(repeating: "x", count: 500),
    "=?UTF-8?Q?not_coded?=", " spaces at the ends ", "two  spaces", "a=b?c_d", "e\u{301}\u{301}",
    String(repeating: "a", count: 66) + "é", "", "ends in é", "100 % = ça?",
  ])
  func `a subject of any kind arrives, in lines of at most 76`(subject: String) throws {
    let bytes = try Letter(subject: subject).bytes()

    let read = try ReadMessage(bytes)

    #expect(read.header("Subject").map { Array($0.utf8) } == Array(subject.utf8))
    #expect(read.defects == [])
    #expect(Wire(bytes).longestLine <= 76)
    #expect(Wire(bytes).isPlainASCIIWithCRLF)
  }

  @Test(arguments: [
    "", "one line", "\n\n\n", ".\n..\n.hidden\n", "From me\nFrom you", "trailing \nspaces\t\n",
    "a\r\nb\rc\nd", String(repeating: "x", count: 5_000), String(repeating: "é", count: 5_000),
    String(repeating: "日本語", count: 2_000), "=\n=3D\n", "--=_x\n--\n", "tab\tand \u{1} control",
    String(repeating: "a", count: 75) + ".\n", String(repeating: "a", count: 75) + "é\n",
    String(repeating: "a", count: 76), String(repeating: "a ", count: 60) + "\n.",
    String(repeating: "a", count: 75) + "From b",
  ])
  func `a text of any kind arrives, in lines of at most 76 and none with a leading dot`(
    text: String
  ) throws {
    let bytes = try Letter(text: text, html: "<p>\(text)</p>").bytes()

    let read = try ReadMessage(bytes)

    #expect(read.parts.count == 2)
    #expect(Self.normalised(read.parts[0].content) == Self.normalised(text))
    #expect(Self.normalised(read.parts[1].content) == Self.normalised("<p>\(text)</p>"))
    #expect(Wire(bytes).longestLine <= 76)
    #expect(Wire(bytes).isPlainASCIIWithCRLF)
    #expect(!Wire(bytes).hasLine(startingWith: "."))
    #expect(!Wire(bytes).hasLine(startingWith: "From "))
  }

  @Test func `no code point is cut between two encoded words`() throws {
    let bytes = try Letter(subject: String(repeating: "é€😀", count: 60)).bytes()
    let words = String(decoding: bytes, as: UTF8.self).matches(of: /=\?UTF-8\?B\?([^?]+)\?=/)

    #expect(words.count > 5)
    for word in words {
      let decoded = try #require(Wire.base64(String(word.1)))
      #expect(String(validating: decoded, as: UTF8.self) != nil)
    }
  }

  @Test(
    arguments: [
      (0, "Thu, 01 Jan 1970 00:00:00 +0000"), (951_782_399, "Mon, 28 Feb 2000 23:59:59 +0000"),
      (951_782_400, "Tue, 29 Feb 2000 00:00:00 +0000"),
      (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 +0000"),
      (4_102_444_799, "Thu, 31 Dec 2099 23:59:59 +0000"),
      (-1, "Wed, 31 Dec 1969 23:59:59 +0000"),
    ] as [(Int64, String)])
  func `the date is written in UTC`(seconds: Int64, date: String) throws {
    let message = MIMEMessage(
      from: Mailbox(address: "a@b.example"), to: [Mailbox(address: "c@d.example")], subject: "x",
      messageID: "<x@y>", sentAtSeconds: seconds, text: "", html: "")

    let bytes = String(decoding: try message.bytes(), as: UTF8.self)

    #expect(bytes.contains("\r\nDate: \(date)\r\n"))
  }

  @Test func `a message to blind copies only names nobody`() throws {
    let bytes = String(decoding: try Letter(to: []).bytes(), as: UTF8.self)

    #expect(bytes.contains("\r\nTo: undisclosed-recipients:;\r\n"))
    #expect(!bytes.lowercased().contains("bcc"))
  }

  private let boundary = "3r57jp3z1gzgp"

  /// Line ends as one kind, and none at the end: text parts are lines.
  private static func normalised(_ text: String) -> [UInt8] {
    var bytes = [UInt8]()
    for byte in text.utf8 {
      if byte == 0x0A, bytes.last == 0x0D { bytes.removeLast() }
      bytes.append(byte)
    }
    bytes = bytes.map { $0 == 0x0D ? 0x0A : $0 }
    while bytes.last == 0x0A { bytes.removeLast() }
    return bytes
  }
}
