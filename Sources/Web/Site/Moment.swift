import CRM
import Templating

/// A time on a page: as people say it, exactly with its zone, and for machines.
struct Moment: Sendable {
  let said: SaidTime
  let exact: ExactTime
  let iso: ISOTime

  init(_ time: Timestamp, now: Timestamp) {
    said = SaidTime(time: time, now: now)
    exact = ExactTime(time: time)
    iso = ISOTime(time: time)
  }
}

extension Keys {
  /// `name`, `name_exact` and `name_iso`.
  func moment(_ name: String, _ read: @escaping @Sendable (Value) -> Moment) -> Self {
    text(name) { read($0).said }
      .text("\(name)_exact") { read($0).exact }
      .text("\(name)_iso") { read($0).iso }
  }

  func moment(_ name: String, _ read: @escaping @Sendable (Value) -> Moment?) -> Self {
    text(name) { read($0)?.said }
      .text("\(name)_exact") { read($0)?.exact }
      .text("\(name)_iso") { read($0)?.iso }
  }
}

/// "10 min ago", "yesterday, 14:12", "12 Feb", "12 Feb 2025".
struct SaidTime: WrittenText, Sendable {
  let time: Timestamp
  let now: Timestamp

  func write(in language: Language, to buffer: inout ByteBuffer) {
    let words = DateWords.of(language)
    let seconds = now.seconds - time.seconds
    if (0..<60).contains(seconds) { return buffer.append(words.justNow) }
    if (60..<3_600).contains(seconds) { return words.minutesAgo(Int(seconds / 60), &buffer) }
    let wall = time.wall
    let day: String? =
      switch now.dayNumber - time.dayNumber {
      case 0: words.today
      case 1: words.yesterday
      case -1: words.tomorrow
      default: nil
      }
    if let day {
      buffer.append(day)
      buffer.append(", ")
      buffer.clock(wall.hour, wall.minute)
    } else {
      buffer.append(wall.day)
      buffer.append(" ")
      buffer.append(words.shortMonths[wall.month - 1])
      if wall.year != now.wall.year {
        buffer.append(" ")
        buffer.append(wall.year)
      }
    }
  }
}

/// "3 March 2026".
struct CalendarDay: WrittenText, Sendable {
  let time: Timestamp

  func write(in language: Language, to buffer: inout ByteBuffer) {
    let wall = time.wall
    buffer.append(wall.day)
    buffer.append(" ")
    buffer.append(DateWords.of(language).months[wall.month - 1])
    buffer.append(" ")
    buffer.append(wall.year)
  }
}

/// "Tuesday 3 March".
struct DayOfYear: WrittenText, Sendable {
  let time: Timestamp

  func write(in language: Language, to buffer: inout ByteBuffer) {
    let words = DateWords.of(language)
    let wall = time.wall
    // 1970-01-01 was a Thursday.
    buffer.append(words.weekdays[((time.dayNumber % 7) + 10) % 7])
    buffer.append(" ")
    buffer.append(wall.day)
    buffer.append(" ")
    buffer.append(words.months[wall.month - 1])
  }
}

/// "Tuesday 3 March 2026, 14:12:05 (UTC+01:00)".
struct ExactTime: WrittenText, Sendable {
  let time: Timestamp

  func write(in language: Language, to buffer: inout ByteBuffer) {
    let wall = time.wall
    DayOfYear(time: time).write(in: language, to: &buffer)
    buffer.append(" ")
    buffer.append(wall.year)
    buffer.append(", ")
    buffer.clock(wall.hour, wall.minute, wall.second)
    buffer.append(" (UTC")
    buffer.offset(time.offsetSeconds)
    buffer.append(")")
  }
}

/// ISO 8601 with the offset of the viewer's zone.
struct ISOTime: WrittenText, Sendable {
  let time: Timestamp

  func write(in language: Language, to buffer: inout ByteBuffer) {
    let wall = time.wall
    buffer.append(wall.year, width: 4)
    buffer.append("-")
    buffer.append(wall.month, width: 2)
    buffer.append("-")
    buffer.append(wall.day, width: 2)
    buffer.append("T")
    buffer.clock(wall.hour, wall.minute, wall.second)
    buffer.offset(time.offsetSeconds)
  }
}

extension ByteBuffer {
  fileprivate mutating func clock(_ hour: Int, _ minute: Int, _ second: Int? = nil) {
    append(hour, width: 2)
    append(":")
    append(minute, width: 2)
    if let second {
      append(":")
      append(second, width: 2)
    }
  }

  fileprivate mutating func offset(_ seconds: Int) {
    append(seconds < 0 ? "-" : "+")
    append(abs(seconds) / 3_600, width: 2)
    append(":")
    append(abs(seconds) / 60 % 60, width: 2)
  }
}

/// The calendar's words. They are data of a language, like its plural rules, and used hundreds of
/// times a page, so they stand here and not in the catalogue.
struct DateWords: Sendable {
  let justNow: String
  let today: String
  let yesterday: String
  let tomorrow: String
  let minutesAgo: @Sendable (Int, inout ByteBuffer) -> Void
  let months: [String]
  let shortMonths: [String]
  /// Monday first.
  let weekdays: [String]

  static func of(_ language: Language) -> DateWords { language.code == "fr" ? french : english }

  private static let english = DateWords(
    justNow: "just now", today: "today", yesterday: "yesterday", tomorrow: "tomorrow",
    minutesAgo: { minutes, buffer in
      buffer.append(minutes)
      buffer.append(" min ago")
    },
    months: [
      "January", "February", "March", "April", "May", "June", "July", "August", "September",
      "October", "November", "December",
    ],
    shortMonths: [
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ],
    weekdays: [
      "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
    ])

  private static let french = DateWords(
    justNow: "à l’instant", today: "aujourd’hui", yesterday: "hier", tomorrow: "demain",
    minutesAgo: { minutes, buffer in
      buffer.append("il y a ")
      buffer.append(minutes)
      buffer.append(" min")
    },
    months: [
      "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
      "octobre", "novembre", "décembre",
    ],
    shortMonths: [
      "janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.",
      "déc.",
    ],
    weekdays: [
      "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche",
    ])
}
