/// A template as a tree.
indirect enum Node: Sendable {
  case text([UInt8])
  case variable(Tag)
  case raw(Tag)
  case section(Tag, [Node])
  case inverted(Tag, [Node])
  case partial(Tag)
  case parent(Tag, [Block])
  case block(Block)
  case phrase(Phrase)
}

/// `{{$name}}…{{/name}}`: a hole with its default, or what a page puts into the hole.
struct Block: Sendable {
  let tag: Tag
  let nodes: [Node]
}

/// `{{#_}}…{{/_}}`: interface text, to be replaced by its translation.
struct Phrase: Sendable {
  let tag: Tag
  /// The inner text, trimmed, with every run of white space one space.
  let id: String
  /// White space around the text; it is kept in every language, so words do not run together.
  let leading: [UInt8]
  let trailing: [UInt8]
}

/// Builds the tree of one file. The first mistake ends it.
struct Parser {
  private var lexer: Lexer

  private init(_ lexer: Lexer) { self.lexer = lexer }

  static func parse(_ source: [UInt8], file: String) throws(TemplateError) -> [Node] {
    var parser = Parser(Lexer(source, file: file))
    return try parser.nodes(inside: nil).nodes
  }

  /// The text of a phrase or its translation, which stands where `tag` stands.
  static func parse(phrase text: String, at tag: Tag) throws(TemplateError) -> [Node] {
    let lexer = Lexer(
      Array(text.utf8), file: tag.file, line: tag.line, cutsStandaloneLines: false)
    var parser = Parser(lexer)
    let nodes = try parser.nodes(inside: nil).nodes
    if let stranger = nodes.first(where: { !$0.mayStandInPhrase }) {
      throw tag.error("only variables and sections may stand in {{#_}}, not \(stranger.spelling)")
    }
    return nodes
  }

  private mutating func nodes(
    inside open: Tag?
  ) throws(TemplateError) -> (nodes: [Node], close: Tag?) {
    var nodes: [Node] = []
    while true {
      let token = try lexer.next()
      if !token.text.isEmpty { nodes.append(.text(Array(lexer.source[token.text]))) }
      guard let tag = token.tag else {
        if let open { throw open.error("{{\(open.spelling)}} is never closed") }
        return (nodes, nil)
      }
      if tag.sigil == .close {
        guard let open else { throw tag.error("{{/\(tag.name)}} closes nothing") }
        guard open.name == tag.name else {
          throw tag.error(
            "{{/\(tag.name)}} stands where {{\(open.spelling)}} of line \(open.line) must close")
        }
        return (nodes, tag)
      }
      if let node = try node(for: tag) { nodes.append(node) }
    }
  }

  private mutating func node(for tag: Tag) throws(TemplateError) -> Node? {
    switch tag.sigil {
    case .variable: return .variable(tag)
    case .raw: return .raw(tag)
    case .partial: return .partial(tag)
    case .section where tag.name == "_": return .phrase(try phrase(tag))
    case .section: return .section(tag, try nodes(inside: tag).nodes)
    case .inverted where tag.name == "_": throw tag.error("{{^_}} has no meaning")
    case .inverted: return .inverted(tag, try nodes(inside: tag).nodes)
    case .block: return .block(Block(tag: tag, nodes: try nodes(inside: tag).nodes))
    case .parent: return .parent(tag, try overrides(inside: tag))
    case .comment, .close: return nil
    }
  }

  /// Mustache drops text between a parent's blocks; here it is an error, for it is always a slip.
  private mutating func overrides(inside parent: Tag) throws(TemplateError) -> [Block] {
    var blocks: [Block] = []
    for node in try nodes(inside: parent).nodes {
      switch node {
      case .block(let block):
        if blocks.contains(where: { $0.tag.name == block.tag.name }) {
          throw block.tag.error("{{$\(block.tag.name)}} is given twice")
        }
        blocks.append(block)
      case .text(let bytes) where bytes.allSatisfy(Lexer.isSpace): break
      default:
        throw parent.error(
          "{{<\(parent.name)}} shows only its {{$blocks}}; \(node.spelling) beside them is lost")
      }
    }
    return blocks
  }

  private mutating func phrase(_ open: Tag) throws(TemplateError) -> Phrase {
    let (inner, close) = try nodes(inside: open)
    let end = close?.range.lowerBound ?? lexer.source.count
    let id = Phrase.id(lexer.source[open.range.upperBound..<end])
    if id.isEmpty { throw open.error("{{#_}} holds no text") }
    var (leading, trailing): ([UInt8], [UInt8]) = ([], [])
    if case .text(let bytes)? = inner.first { leading = Array(bytes.prefix(while: Lexer.isSpace)) }
    if case .text(let bytes)? = inner.last {
      trailing = bytes.reversed().prefix(while: Lexer.isSpace).reversed()
    }
    let phrase = Phrase(tag: open, id: id, leading: leading, trailing: trailing)
    _ = try Parser.parse(phrase: id, at: open)
    return phrase
  }
}

extension Phrase {
  static func id(_ text: ArraySlice<UInt8>) -> String {
    let words = text.split(whereSeparator: Lexer.isSpace)
    return String(decoding: Array(words.joined(separator: [UInt8(ascii: " ")])), as: UTF8.self)
  }
}

extension Node {
  fileprivate var mayStandInPhrase: Bool {
    switch self {
    case .text, .variable, .raw: true
    case .section(_, let nodes), .inverted(_, let nodes): nodes.allSatisfy(\.mayStandInPhrase)
    case .partial, .parent, .block, .phrase: false
    }
  }

  fileprivate var spelling: String {
    switch self {
    case .text(let bytes):
      "'\(String(decoding: Lexer.trimmed(bytes[...]).prefix(40), as: UTF8.self))'"
    case .variable(let tag), .raw(let tag), .section(let tag, _), .inverted(let tag, _),
      .partial(let tag), .parent(let tag, _):
      "{{\(tag.spelling)}}"
    case .block(let block): "{{\(block.tag.spelling)}}"
    case .phrase(let phrase): "{{\(phrase.tag.spelling)}}"
    }
  }
}

extension Tag {
  var spelling: String {
    switch sigil {
    case .variable: name
    case .raw: "&\(name)"
    case .section: "#\(name)"
    case .inverted: "^\(name)"
    case .close: "/\(name)"
    case .partial: ">\(name)"
    case .parent: "<\(name)"
    case .block: "$\(name)"
    case .comment: "!\(name)"
    }
  }
}
