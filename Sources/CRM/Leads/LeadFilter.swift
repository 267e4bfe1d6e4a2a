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

  /// As `app.find_leads` and saved segments have it, by the names of the list's URL.
  package var json: JSON {
    .object([
      "q": .string(words), "stage": .string(stage?.rawValue),
      "outcome": .string(outcome?.rawValue),
      "status": .string(contactStatus?.rawValue), "tier": .string(tier?.rawValue),
      "tag": .string(tag), "owner": .string(owner?.text), "source": .string(source),
      "from": .string(from?.text), "to": .string(to?.text),
      "life": .string(life == .active ? nil : life.rawValue),
    ])
  }
}

extension LeadFilter.Owner {
  package init?(text: String) {
    switch text {
    case "me": self = .me
    case "nobody": self = .nobody
    default:
      guard let id = ID<User>(text) else { return nil }
      self = .member(id)
    }
  }

  package var text: String {
    switch self {
    case .me: "me"
    case .nobody: "nobody"
    case .member(let id): id.description
    }
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
