import CRM
import Templating

/// A time on a page: as people say it, exactly with its zone, and for machines.
struct Moment: Sendable {
  let said: SaidTime
  let exact: ExactTime
  let iso: String

  init(_ time: Timestamp, now: Timestamp) {
    said = SaidTime(time: time, now: now)
    exact = ExactTime(time: time)
    iso = time.iso8601
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
struct SaidTime: TemplateText, Sendable {
  let time: Timestamp
  let now: Timestamp

  var isEmpty: Bool { false }

  func text(in language: Language) -> String {
    let words = DateWords.of(language)
    let seconds = now.seconds - time.seconds
    let days = now.dayNumber - time.dayNumber
    let wall = time.wall
    switch seconds {
    case 0..<60: return words.justNow
    case 60..<3_600: return words.minutesAgo(Int(seconds / 60))
    case -86_400..<0 where days == 0, 3_600..<86_400 where days == 0:
      return "\(words.today), \(clock(wall.hour, wall.minute))"
    default: break
    }
    if days == 1 { return "\(words.yesterday), \(clock(wall.hour, wall.minute))" }
    if days == -1 { return "\(words.tomorrow), \(clock(wall.hour, wall.minute))" }
    let date = "\(wall.day) \(words.shortMonths[wall.month - 1])"
    return wall.year == now.wall.year ? date : "\(date) \(wall.year)"
  }
}

/// "Tuesday 3 March 2026, 14:12:05 (UTC+01:00)".
struct ExactTime: TemplateText, Sendable {
  let time: Timestamp

  var isEmpty: Bool { false }

  func text(in language: Language) -> String {
    let words = DateWords.of(language)
    let wall = time.wall
    // 1970-01-01 was a Thursday.
    let weekday = words.weekdays[((time.dayNumber % 7) + 11) % 7]
    return
      "\(weekday) \(wall.day) \(words.months[wall.month - 1]) \(wall.year), "
      + "\(clock(wall.hour, wall.minute)):\(two(wall.second)) (UTC\(time.zone(separator: ":")))"
  }
}

extension Timestamp {
  /// ISO 8601 with the offset of the viewer's zone.
  var iso8601: String {
    let wall = wall
    return "\(wall.year)-\(two(wall.month))-\(two(wall.day))T\(clock(wall.hour, wall.minute))"
      + ":\(two(wall.second))\(zone(separator: ":"))"
  }

  fileprivate func zone(separator: String) -> String {
    let minutes = abs(offsetSeconds) / 60
    return "\(offsetSeconds < 0 ? "-" : "+")\(two(minutes / 60))\(separator)\(two(minutes % 60))"
  }
}

private func two(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }

private func clock(_ hour: Int, _ minute: Int) -> String { "\(two(hour)):\(two(minute))" }

/// The calendar's words. They are data of a language, like its plural rules, and used hundreds of
/// times a page, so they stand here and not in the catalogue.
struct DateWords: Sendable {
  let justNow: String
  let today: String
  let yesterday: String
  let tomorrow: String
  let minutesAgo: @Sendable (Int) -> String
  let months: [String]
  let shortMonths: [String]
  /// Monday first.
  let weekdays: [String]

  static func of(_ language: Language) -> DateWords { language.code == "fr" ? french : english }

  private static let english = DateWords(
    justNow: "just now", today: "today", yesterday: "yesterday", tomorrow: "tomorrow",
    minutesAgo: { "\($0) min ago" },
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
    minutesAgo: { "il y a \($0) min" },
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
