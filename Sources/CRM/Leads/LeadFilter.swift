import Postgres

/// What narrows a list of leads; every part that is nil lets all through.
package struct LeadFilter: Sendable, Equatable {
  /// Searched for in title, company, person and address, anywhere, case aside.
  package var words: String?
  package var stage: Lead.Stage?
  /// Nil for open leads, or for all where a client's or those put away are asked for; see ``isOpenOnly``.
  package var outcome: Outcome?
  package var contactStatus: Lead.ContactStatus?
  package var tier: Lead.Tier?
  package var tag: String?
  package var owner: Owner?
  /// Case and accents aside.
  package var source: String?
  /// Captured on this day or later, or earlier, in the viewer's time zone.
  package var from: Day?
  package var to: Day?
  package var followUp: FollowUp?
  /// Nothing has happened for so many days.
  package var idleDays: Int?
  /// Expected to close on this day or later, or earlier.
  package var closeFrom: Day?
  package var closeTo: Day?
  /// By the name of what it became; case and spaces aside.
  package var client: String?
  package var language: Language?
  package var isTakenOver: Answer?
  package var isSuppressed: Answer?
  package var isTest: Answer?
  package var life = Lead.Life.active

  package enum Outcome: Sendable, Hashable {
    case only(Lead.Outcome)
    case any
  }

  package enum Owner: Sendable, Equatable {
    case me, nobody
    case member(ID<User>)
  }

  package enum FollowUp: String, CaseIterable, Sendable {
    /// By today.
    case due
    case planned, none
  }

  package enum Language: String, CaseIterable, Sendable {
    case english = "en"
    case french = "fr"
    case unknown
  }

  package enum Answer: String, CaseIterable, Sendable {
    case yes, no
  }

  package static let idleDaysMax = 3_650

  package init() {}

  /// Nothing is said of outcomes, so that won and lost leads are left out, as on the board.
  package var isOpenOnly: Bool { outcome == nil && life == .active && client == nil }

  package var isNarrow: Bool { self != LeadFilter() }

  /// By the names of the list's URL; nil is left out of it.
  package var pairs: [(name: String, value: String?)] {
    [
      ("q", words), ("stage", stage?.rawValue), ("outcome", outcome?.text),
      ("status", contactStatus?.rawValue), ("tier", tier?.rawValue), ("tag", tag),
      ("owner", owner?.text), ("source", source), ("from", from?.text), ("to", to?.text),
      ("followup", followUp?.rawValue), ("idle", idleDays.map(String.init)),
      ("close_from", closeFrom?.text), ("close_to", closeTo?.text), ("client", client),
      ("language", language?.rawValue), ("paused", isTakenOver?.rawValue),
      ("suppressed", isSuppressed?.rawValue), ("test", isTest?.rawValue),
      ("life", life == .active ? nil : life.rawValue),
    ]
  }

  /// The same, as `app.find_leads` and saved segments have it.
  package var json: JSON { .members(pairs.map { ($0.name, .string($0.value)) }) }
}

extension LeadFilter {
  /// The sources of the tenant's leads, each as it was written last, 200 at most: from one to the next by
  /// their index, however many leads have them.
  package static let knownSources = Query<[String]>(
    "LeadFilter.knownSources",
    """
    with recursive known (key, source) as (
      (select l.source_key, l.source from leads l
       where l.tenant_id = (select app.tenant()) and l.deleted_at is null and l.source_key > ''
       order by l.source_key, l.id desc limit 1)
      union all
      select n.source_key, n.source from known k
      cross join lateral (
        select l.source_key, l.source from leads l
        where l.tenant_id = (select app.tenant()) and l.deleted_at is null and l.source_key > k.key
        order by l.source_key, l.id desc limit 1) n)
    select source from known limit 200
    """, all: { try $0.next() })
}

extension LeadFilter.Outcome {
  package init?(text: String) {
    if text == "any" { self = .any; return }
    guard let outcome = Lead.Outcome(rawValue: text) else { return nil }
    self = .only(outcome)
  }

  package var text: String {
    switch self {
    case .any: "any"
    case .only(let outcome): outcome.rawValue
    }
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
