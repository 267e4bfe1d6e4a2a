import CCmark
import Glibc
import Text

/// Owns a parsed cmark tree.
final class Tree {
  enum Event { case enter, exit }

  private let root: OpaquePointer

  init(parsing source: String) {
    var source = source
    let parsed = source.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) {
        cmark_parse_document($0.baseAddress, $0.count, CMARK_OPT_DEFAULT)
      }
    }
    guard let parsed else { preconditionFailure("cmark aborts rather than return no document") }
    root = parsed
  }

  deinit { cmark_node_free(root) }

  /// Depth first, without recursion, so that no nesting can exhaust the stack. Stops when `visit`
  /// says false. Leaves are entered only.
  func walk(_ visit: (Event, Node) -> Bool) {
    Node(pointer: root).walk(visit)
  }
}

/// One node of a tree that somebody keeps alive.
struct Node {
  let pointer: OpaquePointer

  var kind: cmark_node_type { cmark_node_get_type(pointer) }
  var parent: Node? { cmark_node_parent(pointer).map(Node.init) }
  var headingLevel: Int { Int(cmark_node_get_heading_level(pointer)) }
  var isTightList: Bool { cmark_node_get_list_tight(pointer) != 0 }
  var isOrderedList: Bool { cmark_node_get_list_type(pointer) == CMARK_ORDERED_LIST }
  var listStart: Int { Int(cmark_node_get_list_start(pointer)) }
  var isFirstChild: Bool { cmark_node_previous(pointer) == nil }

  /// The visible characters of a text, code or code-block node. Entities can bring back what was
  /// stripped from the source, so this is stripped too, with all controls; line feeds stay in code
  /// blocks, where they are real.
  var literal: [UInt8] {
    let source = String(decoding: Self.bytes(cmark_node_get_literal(pointer)), as: UTF8.self)
    let visible = Invisible.strip(source).text.utf8
    let lineFeed: UInt8 = kind == CMARK_NODE_CODE_BLOCK ? 0x0A : 0x20
    var kept = [UInt8]()
    kept.reserveCapacity(visible.count)
    for byte in visible {
      if kept.last == 0xC2, byte < 0xA0 {
        kept.removeLast()  // U+0080…009F
      } else if byte >= 0x20 && byte != 0x7F || byte == 0x09 {
        kept.append(byte)
      } else if byte == 0x0A {
        kept.append(lineFeed)
      }
    }
    return kept
  }

  /// Where a link leads, when it may be a link at all.
  var target: LinkTarget? { LinkTarget(Array(Self.bytes(cmark_node_get_url(pointer)))) }

  /// The text inside, without marks.
  var textBytes: [UInt8] {
    var text = [UInt8]()
    walk { event, node in
      switch node.kind {
      case CMARK_NODE_TEXT, CMARK_NODE_CODE: text += node.literal
      case CMARK_NODE_SOFTBREAK, CMARK_NODE_LINEBREAK: text.append(0x20)
      default: break
      }
      return true
    }
    return text
  }

  var text: String { String(decoding: textBytes, as: UTF8.self) }

  /// True for a paragraph that is the text of an item in a list without blank lines.
  var isInTightList: Bool {
    guard let item = parent, item.kind == CMARK_NODE_ITEM else { return false }
    return item.parent?.isTightList == true
  }

  func walk(_ visit: (Tree.Event, Node) -> Bool) {
    guard let iterator = cmark_iter_new(pointer) else { return }
    defer { cmark_iter_free(iterator) }
    while true {
      let event = cmark_iter_next(iterator)
      guard event != CMARK_EVENT_DONE, let node = cmark_iter_get_node(iterator) else { return }
      guard visit(event == CMARK_EVENT_ENTER ? .enter : .exit, Node(pointer: node)) else { return }
    }
  }

  private static func bytes(_ text: UnsafePointer<CChar>?) -> UnsafeBufferPointer<UInt8> {
    guard let text else { return UnsafeBufferPointer(start: nil, count: 0) }
    let count = strlen(text)
    return UnsafeBufferPointer(
      start: UnsafeRawPointer(text).assumingMemoryBound(to: UInt8.self), count: count)
  }
}
