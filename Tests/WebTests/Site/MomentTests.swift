import TestSupport
import Templating
import Testing

@testable import CRM
@testable import Web

@Suite struct `Times and amounts on a page` {
  private let french = TestSite.templates.language("fr") ?? .english
  /// Saturday 21 November 2026, 12:30:05 in Paris.
  private let now = Timestamp(microseconds: 1_795_260_605_000_000, offsetSeconds: 3_600)

  private func before(_ seconds: Int64) -> Timestamp {
    Timestamp(microseconds: now.microseconds - seconds * 1_000_000, offsetSeconds: 3_600)
  }

  @Test(
    arguments: [
      (5, "just now", "à l’instant"), (120, "2 min ago", "il y a 2 min"),
      (3 * 3_600, "today, 09:30", "aujourd’hui, 09:30"),
      (86_400, "yesterday, 12:30", "hier, 12:30"),
      (-86_400, "tomorrow, 12:30", "demain, 12:30"), (10 * 86_400, "11 Nov", "11 nov."),
      (400 * 86_400, "17 Oct 2025", "17 oct. 2025"),
    ] as [(Int64, String, String)])
  func `are said as people say them`(seconds: Int64, english: String, french: String) {
    let time = SaidTime(time: before(seconds), now: now)

    #expect(time.text(in: .english) == english)
    #expect(time.text(in: self.french) == french)
  }

  @Test func `are given exactly, with the day of the week`() {
    #expect(
      ExactTime(time: now).text(in: .english) == "Saturday 21 November 2026, 12:30:05 (UTC+01:00)")
    #expect(
      ExactTime(time: now).text(in: french) == "samedi 21 novembre 2026, 12:30:05 (UTC+01:00)")
    #expect(
      ExactTime(time: Timestamp(microseconds: 0)).text(in: .english).hasPrefix(
        "Thursday 1 January 1970"))
    #expect(
      ExactTime(time: Timestamp(microseconds: -1)).text(in: .english).hasPrefix(
        "Wednesday 31 December 1969"))
  }

  @Test func `are given to machines in ISO 8601`() {
    #expect(ISOTime(time: now).text(in: .english) == "2026-11-21T12:30:05+01:00")
    #expect(
      ISOTime(time: Timestamp(microseconds: 0, offsetSeconds: -12_600)).text(in: .english)
        == "1969-12-31T20:30:00-03:30")
  }

  @Test(arguments: [
    (0, "€0", "0\u{A0}€"), (1_840_050, "€18,400.50", "18\u{202F}400,50\u{A0}€"),
    (100_000_000_005, "€1,000,000,000.05", "1\u{202F}000\u{202F}000\u{202F}000,05\u{A0}€"),
  ])
  func `amounts are grouped as the language does`(minorUnits: Int, english: String, french: String)
  {
    let amount = MoneyText(money: Money(minorUnits: minorUnits), currency: .euro)

    #expect(amount.text(in: .english) == english)
    #expect(amount.text(in: self.french) == french)
  }

  @Test(arguments: [
    ("CHF", 100, "CHF\u{A0}1"), ("JPY", 12_500, "JPY\u{A0}12,500"),
    ("KWD", 12_500, "KWD\u{A0}12.500"), ("KWD", 12_000, "KWD\u{A0}12"),
    ("KWD", 1_234_005, "KWD\u{A0}1,234.005"), ("CLF", 12, "CLF\u{A0}0.0012"),
  ])
  func `amounts have as many decimals as their currency`(
    code: String, minorUnits: Int, written: String
  ) throws {
    let amount = MoneyText(
      money: Money(minorUnits: minorUnits), currency: try #require(Currency(code)))

    #expect(amount.text(in: .english) == written)
  }
}
