import Foundation
import Synchronization
import Testing

@testable import Secrets

@Suite(.serialized) struct `Hashing a password` {
  @Test func `only the same password verifies, to the byte`() throws {
    let hash = try PasswordHash.make(of: "correct horse é battery")

    #expect(try hash.verify("correct horse é battery"))
    #expect(try !hash.verify("correct horse e\u{301} battery"))
    #expect(try !hash.verify("correct horse é batter"))
    #expect(try !hash.verify(""))
  }

  @Test func `the hash states argon2id, 64 MiB, 3 passes, 1 lane, and has its own salt`() throws {
    let one = try PasswordHash.make(of: "correct horse battery")
    let other = try PasswordHash.make(of: "correct horse battery")

    #expect(one.phc.utf8.starts(with: "$argon2id$v=19$m=65536,t=3,p=1$".utf8))
    #expect(one.phc != other.phc)
    #expect(!one.needsRehash)
  }

  @Test func `a stored hash reads back and verifies`() throws {
    let stored = try PasswordHash.make(of: "correct horse battery").phc

    let hash = try #require(PasswordHash(phc: stored))

    #expect(try hash.verify("correct horse battery"))
  }

  @Test func `a hash of another cost verifies and asks to be made again`() throws {
    let weaker = try #require(PasswordHash(phc: Self.weaker))

    #expect(weaker.needsRehash)
    #expect(try weaker.verify("correct horse battery"))
    #expect(try !weaker.verify("correct horse batterz"))
  }

  @Test(arguments: [
    "", "$argon2id$", "plaintext",
    "$argon2i$v=19$m=65536,t=3,p=1$w143+Vu44NReX5TnStrJVw$6zVHYgoi7a/1dfrqOIPLGobbeWckL4+GLtXD8JmR3qo",
    "$argon2id$v=16$m=65536,t=3,p=1$w143+Vu44NReX5TnStrJVw$6zVHYgoi7a/1dfrqOIPLGobbeWckL4+GLtXD8JmR3qo",
    "$argon2id$v=19$m=4194304,t=3,p=1$w143+Vu44NReX5TnStrJVw$6zVHYgoi7a/1dfrqOIPLGobbeWckL4+GLtXD8JmR3qo",
    "$argon2id$v=19$m=65536,t=99999,p=1$w143+Vu44NReX5TnStrJVw$6zVHYgoi7a/1dfrqOIPLGobbeWckL4+GLtXD8JmR3qo",
    "$argon2id$v=19$m=65536,t=3,p=1$$",
    "$2b$12$abcdefghijklmnopqrstuv",
  ])
  func `another kind of hash, or one that would cost too much, is not read`(phc: String) {
    #expect(PasswordHash(phc: phc) == nil)
  }

  @Test func `an unknown user costs what a known one does, and nobody's password fits`() throws {
    let known = try PasswordHash.make(of: "correct horse battery")

    let start = cpuMilliseconds()
    let knownFits = try known.verify("wrong horse battery")
    let middle = cpuMilliseconds()
    let nobodyFits = try PasswordHash.ofNobody.verify("wrong horse battery")
    let end = cpuMilliseconds()

    #expect(!knownFits && !nobodyFits)
    #expect(!PasswordHash.ofNobody.needsRehash)
    #expect((end - middle) / (middle - start) > 0.33)
    #expect((end - middle) / (middle - start) < 3)
  }

  @Test func `a second hash waits for its turn and gives up as busy`() throws {
    #expect(PasswordHash.gate.enter(waitingAtMost: .seconds(60)))

    #expect(throws: PasswordHash.Failure.busy) {
      try PasswordHash.make(of: "correct horse battery", waitingAtMost: .milliseconds(5))
    }
    #expect(throws: PasswordHash.Failure.busy) {
      try PasswordHash.ofNobody.verify("correct horse", waitingAtMost: .milliseconds(5))
    }

    PasswordHash.gate.leave()
    #expect(try !PasswordHash.ofNobody.verify("correct horse", waitingAtMost: .seconds(60)))
  }

  @Test func `fifty sign-ins at once never hold more than two hashes in memory`() throws {
    let inside = Atomic<Int>(0)
    let most = Atomic<Int>(0)
    let gate = CountingGate(places: 2)

    let threads = (0..<50).map { _ in
      Thread {
        guard gate.enter(waitingAtMost: .seconds(20)) else { return }
        let now = inside.add(1, ordering: .relaxed).newValue
        most.max(now, ordering: .relaxed)
        usleep(2_000)
        inside.subtract(1, ordering: .relaxed)
        gate.leave()
      }
    }
    threads.forEach { $0.start() }
    while !threads.allSatisfy(\.isFinished) { usleep(1_000) }

    #expect(most.load(ordering: .relaxed) == 2)
  }

  @Test func `a full gate is left at the end of the wait, not before and not much after`() {
    let gate = CountingGate(places: 1)
    #expect(gate.enter(waitingAtMost: .zero))
    let clock = ContinuousClock()

    let waited = clock.measure { #expect(!gate.enter(waitingAtMost: .milliseconds(80))) }

    #expect(waited >= .milliseconds(80) && waited < .seconds(30))
    gate.leave()
    #expect(gate.enter(waitingAtMost: .zero))
  }

  static let weaker =
    "$argon2id$v=19$m=8192,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$5tF1hN0sTy47d406iulxm29Ryx31sngEuPzUdGjOfkk"
}

private func cpuMilliseconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return Double(time.tv_sec) * 1000 + Double(time.tv_nsec) / 1e6
}
