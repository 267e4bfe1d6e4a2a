import CRM
import Testing

@Suite struct `Values that people type` {
  @Test(arguments: [
    "ada@example.com", "a.b+c@sub.example.co", "O'Neil@example.org", "x_y@a-b.example",
    "1@2.example",
  ])
  func `addresses are kept lower-case`(typed: String) {
    #expect(EmailAddress(typed)?.text == typed.lowercased())
  }

  @Test(arguments: [
    "", "@", "ada", "ada@", "@example.com", "ada@example", "a b@example.com", "ada@exa mple.com",
    "ada@example.com\n", "ada@example.com\r\nBcc: x@y.example", "\"ada b\"@example.com", "ada@.com",
    "ada@example..com", "ada@-example.com", "ada@example-.com", "äda@example.com",
    "ada@example.com,bob@example.com", "ada@example.com\u{0}", "a\u{301}@example.com",
    "<ada@example.com>",
    "ada@@example.com", String(repeating: "a", count: 65) + "@example.com",
  ])
  func `what is no address is refused`(typed: String) {
    #expect(EmailAddress(typed) == nil)
  }

  @Test(
    arguments: [
      ("06 12 34 56 78", "+33612345678"), ("06.12.34.56.78", "+33612345678"),
      ("+33 6 12 34 56 78", "+33612345678"), ("+33 (0)6 12 34 56 78", "+33612345678"),
      ("0033 612345678", "+33612345678"), ("(06)12-34/56 78", "+33612345678"),
      ("+49 (0) 30/123-456", "+4930123456"), ("+1.415.555.0100", "+14155550100"),
      ("+1 800 FLOWERS", "+18003569377"), ("tel:+33-6-12-34-56-78", "+33612345678"),
      ("Tél. 06 12 34 56 78", "+33612345678"), ("+44 20 7946 0958 ext. 12", "+442079460958"),
      ("+٣٣ ٦١٢٣٤٥٦٧٨", "+33612345678"), ("٠٦١٢٣٤٥٦٧٨", "+33612345678"),
      ("＋３３６１２３４５６７８", "+33612345678"), ("06\u{A0}12\u{202F}34 56 78", "+33612345678"),
    ])
  func `telephone numbers become E.164, as dialled in France`(typed: String, text: String) {
    #expect(PhoneNumber(typed, in: PhoneRegion("FR"))?.text == text)
  }

  @Test(arguments: [
    "", "+", "+33", "06", "nobody", "+336123456789012345", "06 12 34 56 78 90 12", "+0612345678",
    "06123\u{0}45678", "06 12 34\n56 78", "ada@example.com", "=1+1", "+999 12345678",
    "0612345678 / 0712345678", String(repeating: "1", count: 300),
  ])
  func `what is no telephone number is refused`(typed: String) {
    #expect(PhoneNumber(typed, in: PhoneRegion("FR")) == nil)
  }

  @Test func `a number is read as its region dials it`() {
    #expect(PhoneNumber("(415) 555-0100", in: PhoneRegion("US"))?.text == "+14155550100")
    #expect(PhoneNumber("011 33 6 12 34 56 78", in: PhoneRegion("US"))?.text == "+33612345678")
    #expect(PhoneNumber("0033 6 12 34 56 78", in: PhoneRegion("US"))?.text == "+33612345678")
    #expect(PhoneNumber("06 12 34 56 78", in: PhoneRegion("IT"))?.text == "+390612345678")
    #expect(PhoneNumber("0612345678", in: nil) == nil)
  }

  @Test(arguments: ["", "fr", "FRA", "ZZ", "XX", "F\u{0}", "É"])
  func `a region is two capitals that have a plan of numbers`(code: String) {
    #expect(PhoneRegion(code) == nil)
  }

  @Test(arguments: [
    ("1200", 120_000), ("1200.5", 120_050), ("1 200,50", 120_050), ("1'200.50", 120_050),
    ("18\u{202F}400", 1_840_000), ("18\u{A0}400,00", 1_840_000), ("0", 0),
    ("9999999999.99", 999_999_999_999),
  ])
  func `amounts are kept in minor units`(typed: String, minorUnits: Int) {
    #expect(Money(typed, in: .euro)?.minorUnits == minorUnits)
  }

  @Test(arguments: [
    "", "-1", "+5", "1e3", "0x10", "1.234", "1.2.3", "٣", ".", ",5", "1,", "99999999999", "1200€",
    "much",
    "9223372036854775808",
  ])
  func `what is no amount is refused`(typed: String) {
    #expect(Money(typed, in: .euro) == nil)
  }

  @Test(arguments: [
    ("JPY", "1200", 1_200), ("JPY", "12 500", 12_500), ("JPY", "1200.50", nil),
    ("JPY", "1200,0", nil),
    ("JPY", "9999999999", 9_999_999_999), ("KWD", "12.500", 12_500), ("KWD", "12,5", 12_500),
    ("KWD", "0.001", 1),
    ("KWD", "12.5001", nil), ("KWD", "9999999999.999", 9_999_999_999_999),
    ("CLF", "1.0001", 10_001),
    ("CHF", "1.234", nil), ("TND", "1'234,567", 1_234_567), ("XAF", "10", 10), ("ISK", "10,5", nil),
  ])
  func `an amount has as many decimals as its currency`(
    code: String, typed: String, minorUnits: Int?
  ) throws {
    let currency = try #require(Currency(code))

    let amount = Money(typed, in: currency)

    #expect(amount?.minorUnits == minorUnits)
    #expect(amount.flatMap { Money($0.digits(in: currency), in: currency) } == amount)
  }

  @Test(arguments: ["", "EU", "EURO", "eur", "E1R", "€UR", "EU\u{0}"])
  func `a currency is three capitals`(code: String) {
    #expect(Currency(code) == nil)
  }
}

@Suite struct Identity {
  @Test func `ids sort by the time they were made`() {
    let ids = (0..<5_000).map { _ in ID<Lead>().description }

    #expect(ids == ids.sorted())
    #expect(Set(ids).count == 5_000)
  }

  @Test func `an id is read back from its text in either case`() throws {
    let id = ID<Lead>()

    #expect(ID<Lead>(id.description) == id)
    #expect(ID<Lead>(id.description.uppercased()) == id)
    #expect(id.description.utf8.count == 36)
    #expect(Array(id.description)[14] == "7")
  }

  @Test(arguments: [
    "", "0199c82c-c000-7001-8000-00030000000", "0199c82c-c000-7001-8000-0003000000000",
    "0199c82cc0007001800000030000000000000", "0199c82c-c000-7001-8000-00030000000g",
    "{0199c82c-c000-7001-8000-000300000000}", "0199c82c_c000_7001_8000_000300000000",
  ])
  func `what is no id is refused`(text: String) {
    #expect(ID<Lead>(text) == nil)
  }
}
