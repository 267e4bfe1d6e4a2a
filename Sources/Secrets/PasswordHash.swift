import CSodium

/// An argon2id hash in PHC form, `$argon2id$v=19$m=65536,t=3,p=1$salt$hash`.
///
/// One hash takes 64 MiB and about 100 ms of CPU, so one runs at a time in the process;
/// a call that waits too long for its turn throws `.busy`, which a page answers with 503.
package struct PasswordHash: Sendable {
  package let phc: String

  package enum Failure: Error, Equatable {
    /// Others' hashes were still running at the end of the wait.
    case busy
    /// The machine could not give the 64 MiB.
    case outOfMemory
  }

  /// Takes a stored hash. Nil unless it is argon2id within the cost this process would pay.
  package init?(phc: String) {
    guard let cost = Cost(phc: phc), cost.memoryKiB <= 4 * Cost.current.memoryKiB,
      cost.passes <= 4 * Cost.current.passes
    else { return nil }
    self.phc = phc
  }

  /// Hashes a new password with a fresh salt, at the current cost.
  package static func make(
    of password: String, waitingAtMost wait: Duration = .seconds(2)
  ) throws(Failure) -> PasswordHash {
    try inTurn(wait) { () throws(Failure) in
      var characters = [CChar](repeating: 0, count: Int(crypto_pwhash_STRBYTES))
      let bytes = Array(password.utf8).map { CChar(bitPattern: $0) }
      let code = crypto_pwhash_str_alg(
        &characters, bytes, UInt64(bytes.count), UInt64(Cost.current.passes),
        Cost.current.memoryKiB * 1024, crypto_pwhash_ALG_ARGON2ID13)
      guard code == 0 else { throw .outOfMemory }
      let phc = characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      return PasswordHash(trusted: String(decoding: phc, as: UTF8.self))
    }
  }

  /// True when `password` is the one that was hashed; the work is the same either way.
  package func verify(
    _ password: String, waitingAtMost wait: Duration = .seconds(2)
  ) throws(Failure) -> Bool {
    try Self.inTurn(wait) {
      let bytes = Array(password.utf8).map { CChar(bitPattern: $0) }
      return crypto_pwhash_str_verify(phc, bytes, UInt64(bytes.count)) == 0
    }
  }

  /// True when the hash was made at another cost than today's: hash again at the next sign-in.
  package var needsRehash: Bool { Cost(phc: phc) != Cost.current }

  /// What an unknown user's password is compared with, so that absence costs what presence does.
  /// Its password was 32 random bytes that nobody kept.
  package static let ofNobody = PasswordHash(
    trusted:
      "$argon2id$v=19$m=65536,t=3,p=1$w143+Vu44NReX5TnStrJVw$6zVHYgoi7a/1dfrqOIPLGobbeWckL4+GLtXD8JmR3qo"
  )

  private init(trusted phc: String) { self.phc = phc }

  static let gate = CountingGate(places: 1)

  private static func inTurn<Value>(
    _ wait: Duration, _ work: () throws(Failure) -> Value
  ) throws(Failure) -> Value {
    Sodium.start
    guard gate.enter(waitingAtMost: wait) else { throw .busy }
    defer { gate.leave() }
    return try work()
  }
}

/// The parameters that a PHC string states.
private struct Cost: Equatable {
  var memoryKiB: Int
  var passes: Int

  /// OWASP's first choice is 19 MiB and 2 passes; this is what 100 ms of one core buys.
  static let current = Cost(memoryKiB: 65_536, passes: 3)

  init(memoryKiB: Int, passes: Int) {
    self.memoryKiB = memoryKiB
    self.passes = passes
  }

  /// Strict: version 19, one lane, salt and hash in unpadded base64.
  init?(phc: String) {
    let fields = phc.utf8.split(separator: UInt8(ascii: "$"), omittingEmptySubsequences: false)
    guard phc.utf8.count < Int(crypto_pwhash_STRBYTES), fields.count == 6, fields[0].isEmpty,
      fields[1].elementsEqual("argon2id".utf8), fields[2].elementsEqual("v=19".utf8),
      fields[4].count >= 11, fields[5].count >= 22
    else { return nil }
    let parts = fields[3].split(separator: UInt8(ascii: ","))
    guard parts.count == 3, let memory = Cost.number(parts[0], after: "m="),
      let passes = Cost.number(parts[1], after: "t="), parts[2].elementsEqual("p=1".utf8)
    else { return nil }
    self.init(memoryKiB: memory, passes: passes)
  }

  private static func number(_ text: Substring.UTF8View, after name: String) -> Int? {
    guard text.starts(with: name.utf8) else { return nil }
    let digits = text.dropFirst(2)
    guard (1...8).contains(digits.count),
      digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else { return nil }
    return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
  }
}
