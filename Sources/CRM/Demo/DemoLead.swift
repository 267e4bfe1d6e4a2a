import Postgres

/// One lead of the demo and its way through the stages, made up by a fixed dice.
struct DemoLead {
  enum Language { case english, french }

  let language: Language
  /// What is to be built.
  let job: String
  let title: String
  let description: String
  let company: String?
  let source: String?
  let value: Money?
  let capturedBy: Role
  let owner: Role?
  private(set) var contact: ContactDetails
  let steps: [(stage: Lead.Stage, reason: String?)]
  let suppressedReason: String?
  let contactStatus: Lead.ContactStatus
  let tag: String?
  let ending: (outcome: Lead.Outcome, reason: String?)?
  let isArchived: Bool

  /// Oldest first; the older, the further.
  static func all(_ count: Int) -> [DemoLead] {
    var dice = Dice(seed: 20_261_121)
    var people = DemoPeople()
    var leads: [DemoLead] = []
    for index in 0..<count {
      let language: Language = dice.hits(percent: 60) ? .french : .english
      let words = DemoWords.of(language)
      let company = dice.hits(percent: 75) ? dice.pick(words.companies) : nil
      let known = index >= 20 && index % 23 == 0 ? leads[index - 20] : nil
      let contact =
        known?.contact ?? people.next(index, language, at: company, &dice)
      leads.append(
        DemoLead(
          index, of: count, known?.language ?? language, known == nil ? company : known?.company,
          contact, &dice))
    }
    return leads
  }

  private init(
    _ index: Int, of count: Int, _ language: Language, _ company: String?,
    _ contact: ContactDetails,
    _ dice: inout Dice
  ) {
    let words = DemoWords.of(language)
    let job = dice.pick(company == nil ? words.homes : words.businesses)
    self.language = language
    self.job = job.title
    title = company.map { "\(job.title) – \($0)" } ?? "\(job.title), \(contact.lastName ?? "")"
    description = "\(job.description) \(dice.pick(words.circumstances))"
    self.company = company
    source = dice.hits(percent: 90) ? dice.pick(words.sources) : nil
    let thousands = dice.number(in: job.thousands)
    let hundreds = dice.number(in: 0...9)
    value =
      dice.hits(percent: 88) ? Money(minorUnits: (thousands * 10 + hundreds) * 10_000) : nil
    capturedBy = dice.hits(percent: 85) ? .sales : .admin
    owner = dice.hits(percent: 70) ? .sales : dice.hits(percent: 50) ? .admin : nil
    self.contact = contact
    let age = Double(count - 1 - index) / Double(count)
    steps = Self.steps(age: age, words, &dice)
    suppressedReason = index % 61 == 40 ? dice.pick(words.suppressions) : nil
    // A dice of its own, so that the people and their jobs stay who they are.
    var fate = Dice(seed: UInt64(index))
    contactStatus =
      steps.isEmpty
      ? .new : fate.pick([.contacted, .engaged, .engaged, .qualified, .nurturing, .appointment])
    tag =
      fate.hits(percent: 30)
      ? fate.pick(["vip", "intent_purchase", "no_response", "positive"]) : nil
    let isOld = age > 0.35 && steps.count > 1
    ending =
      isOld && fate.hits(percent: 45)
      ? fate.pick([
        (.won, nil), (.won, nil), (.lost, fate.pick(words.losses)), (.onHold, nil),
        (.unqualified, fate.pick(words.losses)),
      ]) : nil
    isArchived = ending?.outcome == .lost && fate.hits(percent: 40)
  }

  /// The same person at a mailbox that behaves badly: the demo's mail server reads it off the address.
  mutating func misbehave(like tag: String) {
    guard let sides = contact.email?.text.utf8.split(separator: UInt8(ascii: "@")), sides.count == 2
    else { return }
    let (local, host) = (
      String(decoding: sides[0], as: UTF8.self), String(decoding: sides[1], as: UTF8.self)
    )
    contact = ContactDetails(
      firstName: contact.firstName, lastName: contact.lastName,
      email: EmailAddress("\(local)+\(tag)@\(host)"), phone: contact.phone)
  }

  private static func steps(
    age: Double, _ words: DemoWords, _ dice: inout Dice
  ) -> [(stage: Lead.Stage, reason: String?)] {
    let luck = Double(dice.number(in: 0...999)) / 1_000 * (0.35 + age)
    let reached: [Lead.Stage] =
      switch luck {
      case ..<0.25: []
      case ..<0.5: [.discovery]
      case ..<0.8: [.discovery, .proposal]
      default: [.discovery, .proposal, .decision]
      }
    var steps: [(stage: Lead.Stage, reason: String?)] = reached.map { ($0, nil) }
    if reached.count >= 2, dice.hits(percent: 12) {
      steps.append((reached[reached.count - 2], dice.pick(words.setbacks)))
    }
    return steps
  }
}

/// Invents people, each address once.
struct DemoPeople {
  private var addresses = Set<String>()

  mutating func next(
    _ index: Int, _ language: DemoLead.Language, at company: String?, _ dice: inout Dice
  ) -> ContactDetails {
    let words = DemoWords.of(language)
    let (first, last) = (dice.pick(words.firstNames), dice.pick(words.lastNames))
    let host = company.map { Self.plain($0) + ".example" } ?? "mail.example"
    let hasEmail = dice.hits(percent: 92)
    let hasPhone = dice.hits(percent: 65) || !hasEmail
    let email = hasEmail ? address("\(Self.plain(first)).\(Self.plain(last))", host) : nil
    return ContactDetails(
      firstName: first, lastName: last, email: email,
      phone: hasPhone ? PhoneNumber(Self.phone(index, language), in: nil) : nil)
  }

  private mutating func address(_ person: String, _ host: String) -> EmailAddress? {
    var candidate = "\(person)@\(host)"
    var number = 1
    while !addresses.insert(candidate).inserted {
      number += 1
      candidate = "\(person)\(number)@\(host)"
    }
    return EmailAddress(candidate)
  }

  /// Numbers that no network gives out: ARCEP and Ofcom keep them for fiction.
  private static func phone(_ index: Int, _ language: DemoLead.Language) -> String {
    switch language {
    case .french: "+3319900\(1_000 + index)"
    case .english: "+44207946\(0)\(100 + index)"
    }
  }

  /// Lower-case letters of ASCII, dashes between words.
  static func plain(_ name: String) -> String {
    var text: [UInt8] = []
    for scalar in name.lowercased().unicodeScalars {
      if let letter = letters[scalar] {
        text.append(UInt8(ascii: letter))
      } else if scalar.isASCII, scalar.properties.isAlphabetic {
        text.append(UInt8(ascii: scalar))
      } else if text.last != UInt8(ascii: "-"), scalar == " " || scalar == "-" {
        text.append(UInt8(ascii: "-"))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  private static let letters: [Unicode.Scalar: Unicode.Scalar] = [
    "à": "a", "â": "a", "ç": "c", "é": "e", "è": "e", "ê": "e", "ë": "e", "î": "i", "ï": "i",
    "ô": "o", "û": "u", "ù": "u", "ü": "u", "ö": "o",
  ]
}

/// Pseudo-random numbers, the same every time (SplitMix64, Steele, Lea and Flood 2014).
struct Dice {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  private mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  mutating func number(in range: ClosedRange<Int>) -> Int {
    range.lowerBound + Int(next() % UInt64(range.count))
  }

  mutating func hits(percent: Int) -> Bool { number(in: 0...99) < percent }

  mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[number(in: 0...elements.count - 1)]
  }
}
