import Postgres

/// What narrows a list of leads; every part that is nil lets all through.
package struct LeadFilter: Sendable, Equatable {
  /// Searched for in title, company, person and address, anywhere, case aside.
  package var words: String?
  package var stage: Lead.Stage?
  package var outcome: Lead.Outcome?
  package var contactStatus: Lead.ContactStatus?
  package var tier: Lead.Tier?
  package var tag: String?
  package var owner: Owner?
  package var source: String?
  /// Captured on this day or later, or earlier, in the viewer's time zone.
  package var from: Day?
  package var to: Day?
  package var life = Lead.Life.active

  package enum Owner: Sendable, Equatable {
    case me, nobody
    case member(ID<User>)
  }

  package init() {}

  package var isNarrow: Bool { self != LeadFilter() }

  /// The ids, newest first, from behind `after` on; 501 at most.
  func ids(after: ID<Lead>?, limit: SQL) -> SQL {
    """
    app.find_leads(
      \(words.map(Self.pattern)), \(tag), \(stage), \(outcome), \(contactStatus), \(tier), \(ownerID),
      \(owner == .nobody), \(source), \(from?.text)::date::timestamptz,
      (\(to?.text)::date + 1)::timestamptz, \(life), \(after), \(limit))
    """
  }

  private var ownerID: SQL {
    switch owner {
    case .me: "app.actor()"
    case .member(let id): "\(id)"
    case .nobody, nil: "null"
    }
  }

  /// A LIKE pattern that finds `words` anywhere, case aside; `%`, `_` and `\` stand for themselves.
  private static func pattern(_ words: String) -> String {
    var pattern: [UInt8] = [UInt8(ascii: "%")]
    for byte in words.lowercased().utf8 {
      if byte == UInt8(ascii: "%") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "\\") {
        pattern.append(UInt8(ascii: "\\"))
      }
      pattern.append(byte)
    }
    return String(decoding: pattern + [UInt8(ascii: "%")], as: UTF8.self)
  }
}

/// A day of the calendar, as `YYYY-MM-DD`.
package struct Day: Sendable, Equatable {
  package let text: String

  /// Nil for anything but a day that there is, from 1900 to 2199.
  package init?(_ typed: String) {
    let parts = typed.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    guard parts.map(\.count) == [4, 2, 2],
      typed.utf8.allSatisfy({ (48...57).contains($0) || $0 == UInt8(ascii: "-") }),
      let year = Int(String(decoding: parts[0], as: UTF8.self)), (1900...2199).contains(year),
      let month = Int(String(decoding: parts[1], as: UTF8.self)), (1...12).contains(month),
      let day = Int(String(decoding: parts[2], as: UTF8.self))
    else { return nil }
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    guard (1...lengths[month - 1]).contains(day) else { return nil }
    text = typed
  }
}
