import CRM
import Postgres
import TestSupport
import Testing
import Text

/// Rules that stand twice, in the program and in the database: one table of cases for both, and texts made by chance.
@Suite struct `What is kept in one spelling` {
  private let database = TestDatabase.open(as: .superuser)

  /// Each text's answer.
  private func ask<T: SQLReadable & Sendable>(_ texts: [String], _ expression: SQL) throws -> [T] {
    try database.call(
      Query(
        "ask",
        "select \(expression) from unnest(\(SQL.texts(texts))) with ordinality t (text, n) order by n",
        all: { try $0.next() }))
  }

  private func texts(_ count: Int, of letters: [String], upTo length: Int, seed: UInt64) -> [String]
  {
    var chance = Chance(seed: seed)
    return (0..<count).map { _ in
      (0..<Int.random(in: 1...length, using: &chance))
        .map { _ in letters.randomElement(using: &chance) ?? "" }.joined()
    }
  }

  // MARK: Addresses

  /// What is typed, and what is kept of it; nil where it is no address.
  private static let addresses: [(String, String?)] = [
    ("Ada@Example.com", "ada@example.com"),
    ("x@xn--bcher-kva.example", "x@xn--bcher-kva.example"),
    ("y@bücher.example", "y@xn--bcher-kva.example"),
    ("y@BÜCHER.Example", "y@xn--bcher-kva.example"),
    ("y@bu\u{308}cher.example", "y@xn--bcher-kva.example"),
    ("z@straße.example", "z@xn--strae-oqa.example"),
    ("info@山田.jp", "info@xn--rhtu98c.jp"),
    ("a@пример.испытание", "a@xn--e1afmkfd.xn--80akhbyknj4f"),
    ("a@a--b.example", "a@a--b.example"),
    ("o'neil+tag@sub.example.co", "o'neil+tag@sub.example.co"),
    ("1@2.example", "1@2.example"),
    (
      "a@\(String(repeating: "b", count: 63)).example",
      "a@\(String(repeating: "b", count: 63)).example"
    ),
    ("a@\(String(repeating: "b", count: 64)).example", nil),
    (
      "\(String(repeating: "a", count: 64))@example.com",
      "\(String(repeating: "a", count: 64))@example.com"
    ),
    ("\(String(repeating: "a", count: 65))@example.com", nil),
    (
      "a@\(String(repeating: "bcd.", count: 62))long",
      "a@\(String(repeating: "bcd.", count: 62))long"
    ),
    ("ab@\(String(repeating: "bcd.", count: 62))long", nil),
    ("a@-b.example", nil), ("a@b-.example", nil), ("a@b..example", nil), ("a@b", nil),
    (".a@b.example", nil), ("a.@b.example", nil), ("a..b@c.example", nil), ("a@b.example.", nil),
    ("jörg@b.example", nil), ("a@b@c.example", nil), ("a b@c.example", nil), ("a@b c.example", nil),
    ("a@b.example\n", nil), ("a@ü-.example", nil), ("a@.ü.example", nil),
    ("a@\u{200B}ü.example\u{0}", nil),
  ]

  @Test func `of addresses is the same to the program and to the database`() throws {
    let kept = Self.addresses.map { EmailAddress($0.0)?.text }
    #expect(kept == Self.addresses.map(\.1))

    let texts = Self.addresses.map(\.0).filter { !$0.utf8.contains(0) }
    let isKept: [Bool] = try ask(texts, "pg_input_is_valid(text, 'app.email')")
    #expect(isKept == texts.map { EmailAddress($0)?.text == $0 })
    let normal = Self.addresses.compactMap(\.1)
    #expect(try ask(normal, "pg_input_is_valid(text, 'app.email')") == normal.map { _ in true })
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func `of addresses is the same by chance`(seed: UInt64) throws {
    let letters =
      ["a", "b", "c", "0", "9", ".", "."] + ["a", "b", "c", "0", "9", "-", "."]
      + ["@", "_", "+", "Z", "ü", "xn--", " ", "'"]
    let halves = texts(6_000, of: letters, upTo: 7, seed: seed)
    let texts = zip(halves, halves.reversed()).map { "\($0)@\($1)" }
    let isKept: [Bool] = try ask(texts, "pg_input_is_valid(text, 'app.email')")

    let differing = zip(texts, isKept).filter { (EmailAddress($0)?.text == $0) != $1 }.map(\.0)
    #expect(differing == [])
    #expect(isKept.count { $0 } > 20)
  }

  @Test func `of numbers the database takes what the program makes`() throws {
    let letters = ["0", "1", "3", "6", "9", "+", " ", "(0)", "-"]
    let numbers = texts(4_000, of: letters, upTo: 16, seed: 4)
      .compactMap { PhoneNumber($0, in: PhoneRegion("FR"))?.text }

    #expect(numbers.count > 100)
    #expect(try ask(numbers, "pg_input_is_valid(text, 'app.phone')") == numbers.map { _ in true })
  }

  @Test func `of what nobody contacts is what contacts and recipients have`() throws {
    let tenant = try TestTenant.fresh()
    for (address, isTaken) in [
      ("x@xn--bcher-kva.example", true), ("a@b", false), ("Ada@example.com", false),
      ("a@b..example", false),
    ] {
      let insert: () throws -> Void = {
        try tenant.change(
          """
          insert into dnc_entries (tenant_id, id, kind, address, reason, source)
          values (app.tenant(), gen_random_uuid(), 'email', \(address), 'x', 'member')
          """)
      }
      if isTaken { try insert() } else { #expect(throws: PostgresError.self) { try insert() } }
    }
  }

  // MARK: Letters

  private static let foldings: [(String, String)] = [
    ("Straße", "strasse"), ("STRASSE", "strasse"), ("STRAẞE", "strasse"), ("Łódź", "lodz"),
    ("Ørsted", "orsted"),
    ("Æther", "aether"), ("Œuvre", "oeuvre"), ("İstanbul", "istanbul"), ("ISTANBUL", "istanbul"),
    ("ıstanbul", "istanbul"), ("Zoë Müñoz", "zoe munoz"),
    ("Zoe\u{308} Mu\u{308}n\u{303}oz", "zoe munoz"),
    ("Þór Đurić", "thor duric"), ("Ofﬁce", "office"), ("Ｆｕｌｌ Ｗｉｄｅ", "full wide"),
    ("ΟΔΥΣΣΕΥΣ", "οδυσσευσ"),
    ("Οδυσσεύς", "οδυσσευσ"), ("山田太郎", "山田太郎"), ("مُحَمَّد", "محمد"), ("Ёлка", "елка"), ("R&D", "r&d"),
    ("", ""),
  ]

  @Test func `of letters is the same to the program and to the database`() throws {
    let typed = Self.foldings.map(\.0)
    #expect(typed.map(\.folded) == Self.foldings.map(\.1))
    #expect(try ask(typed, "app.fold(text)") == Self.foldings.map(\.1))
  }

  private static let letters: [String] = {
    let blocks: [ClosedRange<UInt32>] = [
      0x20...0x7E, 0xA1...0x24F, 0x300...0x36F, 0x370...0x3FF, 0x400...0x4FF, 0x5D0...0x5EA,
      0x621...0x655,
      0x1E00...0x1FFE, 0x2160...0x2188, 0x3041...0x30FE, 0xAC00...0xAC20, 0xFB00...0xFB06,
      0xFF21...0xFF5A,
    ]
    return blocks.flatMap { $0.compactMap(Unicode.Scalar.init) }
      .filter { $0.properties.generalCategory != .unassigned }.map { String($0) }
  }()

  @Test func `of letters is the same by chance`() throws {
    let texts = Self.letters + texts(6_000, of: Self.letters, upTo: 8, seed: 7)
    let folded: [String] = try ask(texts, "app.fold(text)")

    let differing = zip(texts, folded).filter { !$0.folded.utf8.elementsEqual($1.utf8) }.map(\.0)
    #expect(differing == [])
  }

  // MARK: Tags

  private static let tags: [(String, [String]?)] = [
    ("VIP, Salon 2026", ["vip", "salon", "2026"]), ("Été à Paris", ["été", "à", "paris"]),
    ("Ete\u{301} ÉTÉ ete", ["eté"]), ("İstanbul istanbul ISTANBUL", ["istanbul"]),
    ("Straße strasse", ["straße"]),
    ("intent_purchase no-show", ["intent_purchase", "no-show"]), ("Ｆｕｌｌ", ["full"]), ("R&D", nil),
    ("a/b", nil),
    ("-a", nil), ("a--b", nil), ("C++", nil), ("ﬁsh", ["fish"]), ("", []),
  ]

  @Test func `of tags is the same to the program and to the database`() throws {
    for (typed, words) in Self.tags {
      let tags = Tags(typed: typed)
      #expect(tags?.words == words, "\(typed)")
      if let tags {
        #expect(
          try database.value("select app.are_tags(\(SQL.texts(tags.words)))") == true, "\(typed)")
      }
    }
  }

  @Test func `of tags is the same by chance`() throws {
    let words = texts(6_000, of: Self.letters + ["-", "_"], upTo: 5, seed: 11)
    let areTags: [Bool] = try ask(words, "app.are_tags(array[text])")
    let differing = zip(words, areTags).filter { word, isTag in
      (Tags(typed: word)?.words.first.map { $0.utf8.elementsEqual(word.utf8) } ?? false) != isTag
    }.map(\.0)
    #expect(differing == [])

    // What the program makes of anything, the database takes.
    let lines = texts(2_000, of: Self.letters + [" ", ",", " "], upTo: 12, seed: 13).compactMap {
      Tags(typed: $0)?.words
    }
    let joined = lines.filter { !$0.isEmpty }.map { $0.joined(separator: " ") }
    #expect(try ask(joined, "app.are_tags(string_to_array(text, ' '))") == joined.map { _ in true })
    #expect(joined.count > 50)
  }
}

extension Database {
  fileprivate func value<T: SQLReadable & Sendable>(_ sql: SQL) throws -> T {
    try call(Query("value", sql, only: { try $0.next() }))
  }
}
