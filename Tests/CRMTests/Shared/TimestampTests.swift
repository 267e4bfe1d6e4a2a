import Postgres
import Testing

@testable import CRM

@Suite struct `A moment` {
  private func read(_ text: String) -> Timestamp? {
    Array(text.utf8).withUnsafeBytes { Timestamp(sql: $0) }
  }

  @Test func `is read as PostgreSQL writes it, in the viewer's zone`() throws {
    let paris = try #require(read("2026-07-01 00:30:05.25+02"))
    let utc = try #require(read("2026-06-30 22:30:05.25+00"))

    #expect(paris.microseconds == utc.microseconds)
    #expect(paris.wall == (2026, 7, 1, 0, 30, 5))
    #expect(utc.wall == (2026, 6, 30, 22, 30, 5))
    #expect(paris.dayNumber == utc.dayNumber + 1)
  }

  @Test(arguments: [
    ("1970-01-01 00:00:00+00", 0), ("1969-12-31 23:59:59.999999+00", -1),
    ("2000-02-29 12:00:00+00", 951_825_600_000_000),
    ("2026-11-21 04:13:13.123456-03:30", 1_795_246_993_123_456),
  ])
  func `is microseconds since 1970`(text: String, microseconds: Int64) {
    #expect(read(text)?.microseconds == microseconds)
  }

  @Test(arguments: ["", "infinity", "2026-11-21", "2026-11-21T04:13:13Z", "2026-11-21 04:13:13"])
  func `is nothing else`(text: String) {
    #expect(read(text) == nil)
  }
}
