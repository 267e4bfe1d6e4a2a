import Postgres

/// A moment, with the offset of the zone it was read in: PostgreSQL writes times in the viewer's
/// zone (the transaction's `TimeZone`), so that no zone rules are needed here.
package struct Timestamp: Hashable, Sendable {
  /// Microseconds since 1970-01-01T00:00:00Z.
  package let microseconds: Int64
  /// Seconds east of UTC in the viewer's zone at that moment.
  package let offsetSeconds: Int

  package init(microseconds: Int64, offsetSeconds: Int = 0) {
    self.microseconds = microseconds
    self.offsetSeconds = offsetSeconds
  }

  /// Seconds since 1970 in UTC.
  package var seconds: Int64 { microseconds.flooredQuotient(by: 1_000_000) }

  /// The calendar and the clock on the viewer's wall.
  package var wall: (year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
    let local = seconds + Int64(offsetSeconds)
    let date = civil(fromDays: Int(local.flooredQuotient(by: 86_400)))
    let second = Int(local - local.flooredQuotient(by: 86_400) * 86_400)
    return (date.year, date.month, date.day, second / 3_600, second / 60 % 60, second % 60)
  }

  /// Days since 1970 on the viewer's calendar: "today" and "yesterday" compare this.
  package var dayNumber: Int { Int((seconds + Int64(offsetSeconds)).flooredQuotient(by: 86_400)) }
}

extension Timestamp: SQLReadable {
  /// PostgreSQL's ISO output, such as `2026-11-21 05:13:13.123+01` (or `+05:30`).
  package init?(sql bytes: UnsafeRawBufferPointer) {
    var reader = DigitReader(bytes)
    guard let year = reader.number(), reader.skip("-"), let month = reader.number(),
      reader.skip("-"), let day = reader.number(), reader.skip(" "),
      let hour = reader.number(), reader.skip(":"), let minute = reader.number(),
      reader.skip(":"), let second = reader.number()
    else { return nil }
    let micros = reader.skip(".") ? reader.fraction(digits: 6) : 0
    let isWest: Bool
    if reader.skip("+") {
      isWest = false
    } else if reader.skip("-") {
      isWest = true
    } else {
      return nil
    }
    guard let zoneHours = reader.number() else { return nil }
    let zoneMinutes = reader.skip(":") ? reader.number() ?? 0 : 0
    let offset = (zoneHours * 3_600 + zoneMinutes * 60) * (isWest ? -1 : 1)
    let clock = hour * 3_600 + minute * 60 + second - offset
    let total = Int64(days(fromYear: year, month: month, day: day)) * 86_400 + Int64(clock)
    self.init(microseconds: total * 1_000_000 + Int64(micros), offsetSeconds: offset)
  }
}

private struct DigitReader {
  private var rest: Slice<UnsafeRawBufferPointer>

  init(_ bytes: UnsafeRawBufferPointer) { rest = bytes[...] }

  mutating func skip(_ symbol: Unicode.Scalar) -> Bool {
    guard rest.first == UInt8(ascii: symbol) else { return false }
    rest = rest.dropFirst()
    return true
  }

  mutating func number() -> Int? {
    let digits = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    guard !digits.isEmpty, digits.count <= 9 else { return nil }
    rest = rest.dropFirst(digits.count)
    return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
  }

  /// The digits behind a decimal point, filled up to `digits` places.
  mutating func fraction(digits: Int) -> Int {
    let before = rest.count
    let value = number() ?? 0
    return (before - rest.count..<digits).reduce(value) { filled, _ in filled * 10 }
  }
}

extension BinaryInteger {
  func flooredQuotient(by divisor: Self) -> Self {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}

// Days since 1970 ⇄ year, month, day in the proleptic Gregorian calendar; years begin in March, so
// that the leap day is the last (Howard Hinnant, "chrono-compatible low-level date algorithms").

private func days(fromYear year: Int, month: Int, day: Int) -> Int {
  let shifted = month <= 2 ? year - 1 : year
  let era = shifted.flooredQuotient(by: 400)
  let yearOfEra = shifted - era * 400
  let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
  let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

private func civil(fromDays days: Int) -> (year: Int, month: Int, day: Int) {
  let shifted = days + 719_468
  let era = shifted.flooredQuotient(by: 146_097)
  let dayOfEra = shifted - era * 146_097
  let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
  let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
  let shiftedMonth = (5 * dayOfYear + 2) / 153
  let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
  let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
}
