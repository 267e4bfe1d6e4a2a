import CCmark

/// HTML as libcmark's own renderer writes it, with nothing in it that we did not choose: every tag
/// is a constant below, and all else passes through `escape`.
struct HTMLWriter: DocumentWriter {
  private(set) var output = [UInt8]()
  private let surface: Document.Surface
  /// Ends of the paragraphs' opening tags, to take back a paragraph that held raw HTML only.
  private var paragraphStart = 0

  init(surface: Document.Surface) { self.surface = surface }

  mutating func enter(_ node: Node) {
    switch node.kind {
    case CMARK_NODE_BLOCK_QUOTE: block("<blockquote>\n")
    case CMARK_NODE_LIST: block(Self.listTag(node))
    case CMARK_NODE_ITEM: block("<li>")
    case CMARK_NODE_CODE_BLOCK:
      block("<pre><code>")
      escape(node.literal)
      write("</code></pre>\n")
    case CMARK_NODE_PARAGRAPH:
      if !node.isInTightList { block("<p>") }
      paragraphStart = output.count
    case CMARK_NODE_HEADING: block("<h\(node.headingLevel)>")
    case CMARK_NODE_THEMATIC_BREAK: block("<hr />\n")
    case CMARK_NODE_TEXT: escape(node.literal)
    case CMARK_NODE_SOFTBREAK, CMARK_NODE_LINEBREAK: write("<br />\n")
    case CMARK_NODE_CODE:
      write("<code>")
      escape(node.literal)
      write("</code>")
    case CMARK_NODE_EMPH: write("<em>")
    case CMARK_NODE_STRONG: write("<strong>")
    case CMARK_NODE_LINK: if let target = node.target { open(target, around: node) }
    default: break  // the document itself; images, whose description follows; raw HTML
    }
  }

  mutating func exit(_ node: Node) {
    switch node.kind {
    case CMARK_NODE_BLOCK_QUOTE: block("</blockquote>\n")
    case CMARK_NODE_LIST: write(node.isOrderedList ? "</ol>\n" : "</ul>\n")
    case CMARK_NODE_ITEM: write("</li>\n")
    case CMARK_NODE_PARAGRAPH: closeParagraph(node)
    case CMARK_NODE_HEADING: write("</h\(node.headingLevel)>\n")
    case CMARK_NODE_EMPH: write("</em>")
    case CMARK_NODE_STRONG: write("</strong>")
    case CMARK_NODE_LINK: if node.target != nil { write("</a>") }
    default: break
    }
  }

  mutating func finished() -> [UInt8] { output }
}

extension HTMLWriter {
  private static func listTag(_ node: Node) -> String {
    if !node.isOrderedList { return "<ul>\n" }
    return node.listStart == 1 ? "<ol>\n" : "<ol start=\"\(node.listStart)\">\n"
  }

  private mutating func closeParagraph(_ node: Node) {
    if node.isInTightList { return }
    if output.count == paragraphStart {
      output.removeLast("<p>".utf8.count)
    } else {
      write("</p>\n")
    }
  }

  /// On a page the style sheet writes `data-target` behind the words: seen, and no part of the message.
  private mutating func open(_ target: LinkTarget, around node: Node) {
    write("<a href=\"")
    escape(target.url)
    write("\"")
    if surface == .page {
      write(" rel=\"noopener noreferrer\"")
      // What a mail link would write for the reader is shown whole.
      let isWritten = target.isMail && target.url.contains(UInt8(ascii: "?"))
      if isWritten || !target.isShown(in: node.textBytes) {
        write(" data-target=\"")
        escape(isWritten ? target.url : target.place)
        write("\"")
      }
    }
    write(">")
  }

  /// A tag that starts on its own line.
  private mutating func block(_ tag: String) {
    if let last = output.last, last != UInt8(ascii: "\n") { write("\n") }
    write(tag)
  }

  private mutating func write(_ text: String) { output += text.utf8 }

  private mutating func escape(_ bytes: [UInt8]) {
    output.reserveCapacity(output.count + bytes.count)
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "&"): write("&amp;")
      case UInt8(ascii: "<"): write("&lt;")
      case UInt8(ascii: ">"): write("&gt;")
      case UInt8(ascii: "\""): write("&quot;")
      default: output.append(byte)
      }
    }
  }
}
