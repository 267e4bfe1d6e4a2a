import CRM
import Testing

@Suite struct `What changed between two texts` {
  @Test func `is told line by line with what stands around it`() {
    let old = "1\n2\n3\n4\n5\n6\n7"
    let new = "1\n2\n3\n4\nfive\n6\n7"

    #expect(
      LineDiff.between(old, new) == [
        .skipped(2), .same("3"), .same("4"), .removed("5"), .added("five"), .same("6"), .same("7"),
      ])
  }

  @Test func `is nothing when nothing changed`() {
    #expect(LineDiff.between("a\nb", "a\nb").isEmpty)
  }

  @Test func `tells texts apart that look the same`() {
    #expect(LineDiff.between("é", "e\u{301}") == [.removed("é"), .added("e\u{301}")])
    #expect(LineDiff.between("a\r", "a") == [.removed("a\r"), .added("a")])
  }

  @Test func `gives the new text when the removed lines are left out`() {
    let old = "a\nb\nc\nd"
    let new = "x\nb\nd\ne\nf"

    let rebuilt = LineDiff.between(old, new).compactMap { line -> String? in
      switch line {
      case .same(let text), .added(let text): text
      case .removed, .skipped: nil
      }
    }

    #expect(rebuilt.joined(separator: "\n") == new)
  }
}
