/// What changed between two texts, line by line.
package enum LineDiff {
  package enum Line: Equatable, Sendable {
    case same(String)
    case added(String)
    case removed(String)
    /// So many unchanged lines are left out here.
    case skipped(Int)
  }

  /// Unchanged lines kept around each change.
  private static let context = 2

  /// The standard library's difference (Myers 1986) takes lines × changes; where more lines than this
  /// lie between the first change and the last, they are shown as taken out and put in.
  private static let comparedMax = 1_000

  package static func between(_ old: String, _ new: String) -> [Line] {
    let oldLines = lines(of: old)
    let newLines = lines(of: new)
    let head = zip(oldLines, newLines).prefix { $0.utf8.elementsEqual($1.utf8) }.count
    let tail = zip(oldLines.dropFirst(head).reversed(), newLines.dropFirst(head).reversed())
      .prefix { $0.utf8.elementsEqual($1.utf8) }.count
    let middle =
      merged(
        Array(oldLines[head..<(oldLines.count - tail)]),
        Array(newLines[head..<(newLines.count - tail)]))
    return folded(
      newLines.prefix(head).map(Line.same) + middle + newLines.suffix(tail).map(Line.same))
  }

  private static func merged(_ oldLines: [String], _ newLines: [String]) -> [Line] {
    guard max(oldLines.count, newLines.count) <= comparedMax else {
      return oldLines.map(Line.removed) + newLines.map(Line.added)
    }
    let difference = newLines.difference(from: oldLines) { $0.utf8.elementsEqual($1.utf8) }
    var removals = Set<Int>()
    var insertions = Set<Int>()
    for change in difference {
      switch change {
      case .remove(let offset, _, _): removals.insert(offset)
      case .insert(let offset, _, _): insertions.insert(offset)
      }
    }
    var merged: [Line] = []
    var (oldIndex, newIndex) = (0, 0)
    while oldIndex < oldLines.count || newIndex < newLines.count {
      if removals.contains(oldIndex) {
        merged.append(.removed(oldLines[oldIndex]))
        oldIndex += 1
      } else if insertions.contains(newIndex) {
        merged.append(.added(newLines[newIndex]))
        newIndex += 1
      } else {
        merged.append(.same(newLines[newIndex]))
        oldIndex += 1
        newIndex += 1
      }
    }
    return merged
  }

  private static func lines(of text: String) -> [String] {
    text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
  }

  private static func folded(_ lines: [Line]) -> [Line] {
    let changed = lines.indices.filter { index in
      if case .same = lines[index] { false } else { true }
    }
    guard !changed.isEmpty else { return [] }
    var isNear = Array(repeating: false, count: lines.count)
    for index in changed {
      for near in max(0, index - context)...min(lines.count - 1, index + context) {
        isNear[near] = true
      }
    }
    var folded: [Line] = []
    var skipped = 0
    for (index, line) in lines.enumerated() {
      if isNear[index] {
        if skipped > 0 { folded.append(.skipped(skipped)) }
        skipped = 0
        folded.append(line)
      } else {
        skipped += 1
      }
    }
    if skipped > 0 { folded.append(.skipped(skipped)) }
    return folded
  }
}
