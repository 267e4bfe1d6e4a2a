import CCmark

/// The letter as a plain-text mail reader likes it: paragraphs with a blank line between, "- " and
/// "1. " before items, "> " before quotes, code indented by four, the two top headings underlined.
struct PlainTextWriter: DocumentWriter {
  private(set) var output = [UInt8]()
  private var containers = [Container]()
  /// Line ends owed before the next text: 1 starts a new line, 2 leaves one blank.
  private var owedLines = 0
  private var isAtLineStart = true
  private var headingStart = 0
  /// Next number of each open ordered list; nil for bullets.
  private var numbers = [Int?]()
  private var depth = 0

  /// What stands before each line inside a quote or an item.
  private struct Container {
    var first: [UInt8]
    var others: [UInt8]
    var hasStarted = false
  }

  /// Deeper quotes and items keep their text but add no prefix: the size of the text would
  /// otherwise grow with depth times lines.
  private static let depthMax = 8

  mutating func enter(_ node: Node) {
    switch node.kind {
    case CMARK_NODE_BLOCK_QUOTE: push(first: "> ", others: "> ")
    case CMARK_NODE_LIST: numbers.append(node.isOrderedList ? node.listStart : nil)
    case CMARK_NODE_ITEM: pushItem()
    case CMARK_NODE_CODE_BLOCK: writeCode(node)
    case CMARK_NODE_THEMATIC_BREAK:
      write(Array("--------------------".utf8))
      end(node)
    case CMARK_NODE_HEADING: headingStart = output.count
    case CMARK_NODE_TEXT, CMARK_NODE_CODE: write(node.literal)
    case CMARK_NODE_SOFTBREAK, CMARK_NODE_LINEBREAK: owedLines = max(owedLines, 1)
    default: break
    }
  }

  mutating func exit(_ node: Node) {
    switch node.kind {
    case CMARK_NODE_BLOCK_QUOTE: pop()
    case CMARK_NODE_LIST: numbers.removeLast()
    case CMARK_NODE_ITEM: popItem()
    case CMARK_NODE_HEADING: underline(node)
    case CMARK_NODE_LINK: writeTarget(of: node)
    case CMARK_NODE_PARAGRAPH: break
    default: return
    }
    if node.kind != CMARK_NODE_LINK { end(node) }
  }

  mutating func finished() -> [UInt8] {
    trimLineEnd()
    return output.isEmpty ? [] : output + [UInt8(ascii: "\n")]
  }
}

extension PlainTextWriter {
  private mutating func push(first: String, others: String) {
    depth += 1
    if depth <= Self.depthMax {
      containers.append(Container(first: Array(first.utf8), others: Array(others.utf8)))
    }
  }

  private mutating func pop() {
    depth -= 1
    if depth < Self.depthMax { containers.removeLast() }
  }

  private mutating func pushItem() {
    guard let number = numbers[numbers.count - 1] else { return push(first: "- ", others: "  ") }
    numbers[numbers.count - 1] = number + 1
    let marker = "\(number). "
    push(first: marker, others: String(repeating: " ", count: marker.utf8.count))
  }

  private mutating func popItem() {
    if depth <= Self.depthMax, containers.last?.hasStarted == false { write([]) }
    pop()
  }

  /// A block is over: the next one starts on a new line, after a blank one unless the list is tight.
  private mutating func end(_ node: Node) {
    let isTight = node.kind == CMARK_NODE_ITEM ? node.parent?.isTightList : node.isInTightList
    if !output.isEmpty { owedLines = max(owedLines, isTight == true ? 1 : 2) }
  }

  private mutating func writeCode(_ node: Node) {
    let lines = node.literal.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, line) in lines.dropLast().enumerated() {
      if index > 0 { owedLines = 1 }
      write(Array("    ".utf8) + line)
    }
    end(node)
  }

  private mutating func underline(_ node: Node) {
    let sign: UInt8? =
      switch node.headingLevel {
      case 1: UInt8(ascii: "=")
      case 2: UInt8(ascii: "-")
      default: nil
      }
    guard let sign, output.count > headingStart else { return }
    let width = node.text.unicodeScalars.count
    owedLines = 1
    write([UInt8](repeating: sign, count: min(max(width, 3), 60)))
  }

  private mutating func writeTarget(of node: Node) {
    guard let target = node.target else { return }
    let text = node.textBytes
    let address = target.isMail ? target.place : target.url
    if text == address || text == target.url { return }
    write(Array(" <".utf8) + address + Array(">".utf8))
  }

  private mutating func write(_ text: [UInt8]) {
    startLine()
    output += text
  }

  /// Ends the line when one is owed, and puts the prefixes before the first text of a new one.
  private mutating func startLine() {
    if owedLines > 0, !output.isEmpty {
      trimLineEnd()
      output.append(UInt8(ascii: "\n"))
      if owedLines > 1 {
        for container in containers where container.hasStarted { output += container.others }
        trimLineEnd()
        output.append(UInt8(ascii: "\n"))
      }
      isAtLineStart = true
    }
    owedLines = 0
    guard isAtLineStart else { return }
    for index in containers.indices {
      output += containers[index].hasStarted ? containers[index].others : containers[index].first
      containers[index].hasStarted = true
    }
    isAtLineStart = false
  }

  private mutating func trimLineEnd() {
    while output.last == UInt8(ascii: " ") { output.removeLast() }
  }
}
