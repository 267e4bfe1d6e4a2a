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

  @Test func `of thousands of lines is told without comparing each with each`() {
    let old = Array(repeating: "a", count: 20_000) + ["end"]
    let new = Array(repeating: "b", count: 20_000) + ["end"]

    let diff = LineDiff.between(old.joined(separator: "\n"), new.joined(separator: "\n"))

    #expect(diff.first == .removed("a") && diff.last == .same("end"))
    #expect(diff.count == 40_001)
  }

  @Test func `compares only what lies between the first change and the last`() {
    let head = Array(repeating: "same", count: 20_000).joined(separator: "\n")

    #expect(
      LineDiff.between(head + "\nold\nend", head + "\nnew\nend") == [
        .skipped(19_998), .same("same"), .same("same"), .removed("old"), .added("new"),
        .same("end"),
      ])
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
