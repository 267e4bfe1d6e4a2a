import CCmark
import Text

/// A text in CommonMark, parsed once; pages, mails and outlines are read from the same tree.
///
/// Not `Sendable`: the tree belongs to the thread that parsed it.
package final class Document {
  /// Longest source taken, in bytes of UTF-8.
  package static let sourceBytesMax = 65_536

  package enum Failure: Error, Equatable {
    case tooLong(bytes: Int)
    /// The rendered text would be many times the source: only an attack does that.
    case expandsTooFar
  }

  /// Where the HTML goes. A page shows beside each link where it leads, and gives the target no
  /// hold on the page; a mail is what the person wrote.
  package enum Surface: Sendable {
    case page
    case mail
  }

  /// A heading of the text, level 1 to 6, in reading order.
  package struct Heading: Equatable, Sendable {
    package var level: Int
    package var text: String

    package init(level: Int, text: String) {
      self.level = level
      self.text = text
    }
  }

  private let tree: Tree

  package init(parsing source: String) throws(Failure) {
    let visible = Invisible.strip(source).text
    guard visible.utf8.count <= Self.sourceBytesMax else {
      throw .tooLong(bytes: visible.utf8.count)
    }
    tree = Tree(parsing: visible)
  }

  /// Only p, br, em, strong, ul, ol, li, blockquote, code, pre, h1–h6, hr and a; a line break in the
  /// source is a line break here, as in a letter. Images leave their description, raw HTML nothing.
  package func html(for surface: Surface) throws(Failure) -> String {
    var writer = HTMLWriter(surface: surface)
    return try render(&writer)
  }

  /// The text/plain part of a mail: lines are not wrapped, links stand as `text <url>`.
  package func plainText() throws(Failure) -> String {
    var writer = PlainTextWriter()
    return try render(&writer)
  }

  package var outline: [Heading] {
    var headings = [Heading]()
    tree.walk { event, node in
      if event == .enter, node.kind == CMARK_NODE_HEADING {
        headings.append(Heading(level: node.headingLevel, text: node.text))
      }
      return true
    }
    return headings
  }

  private func render(_ writer: inout some DocumentWriter) throws(Failure) -> String {
    // Escaping makes of one byte at most six; a link's address is bounded by itself.
    let bytesMax = 16 * Self.sourceBytesMax
    tree.walk { event, node in
      if event == .enter { writer.enter(node) } else { writer.exit(node) }
      return writer.output.count <= bytesMax
    }
    guard writer.output.count <= bytesMax else { throw .expandsTooFar }
    return String(decoding: writer.finished(), as: UTF8.self)
  }
}

/// Writes one form of a document while its tree is walked.
protocol DocumentWriter {
  var output: [UInt8] { get }
  mutating func enter(_ node: Node)
  mutating func exit(_ node: Node)
  mutating func finished() -> [UInt8]
}
