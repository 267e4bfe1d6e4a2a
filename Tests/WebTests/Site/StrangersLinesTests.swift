import Testing

@testable import Web

@Suite struct `Lines about strangers` {
  @Test func `are so many a second, and the next says how many were withheld`() {
    let lines = StrangersLines(perSecond: 3)

    let flood = (1...10).map { _ in lines.take(second: 7) }
    let after = (1...2).map { _ in lines.take(second: 8) }

    #expect(flood == [0, 0, 0, nil, nil, nil, nil, nil, nil, nil])
    #expect(after == [7, 0])
  }
}
