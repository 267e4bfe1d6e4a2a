/// Turns a template into the program for one page type and one language.
///
/// It goes on behind a mistake, so one look finds all of a page.
struct Compiler {
  let library: Library
  let language: Language
  var errors: [TemplateError] = []
  var code = Program.Code()
  var context = HTMLContext()
  /// Literals behind this step must not grow the one before it: a jump lands between them.
  var barrier = 0
  /// The templates being spliced, outermost first.
  var chain: [String] = []
  var blocksSeen: Set<String> = []
  /// How many scopes are open here; the page itself is the first.
  var openSlots = 1

  private init(_ library: Library, _ language: Language) {
    self.library = library
    self.language = language
  }

  static func compile(
    _ page: any Page.Type, _ library: Library, _ language: Language
  ) throws(TemplateErrors) -> Program {
    var compiler = Compiler(library, language)
    compiler.compilePage(page.template, keys(of: page))
    if !compiler.errors.isEmpty { throw TemplateErrors(compiler.errors) }
    return Program(compiler.code, language: language)
  }

  private static func keys<Type: Templated>(of type: Type.Type) -> KeyTable { Type.keys.table }

  private mutating func compilePage(_ name: String, _ table: KeyTable) {
    guard let template = library.templates[name] else {
      errors.append(
        TemplateError(
          file: "\(name).html", line: 1, message: "\(table.owner) names this template; no such file"
        ))
      return
    }
    for problem in table.problems {
      errors.append(TemplateError(file: template.file, line: 1, message: problem))
    }
    do {
      let top = Scope(place: Place(), table: table)
      chain = [name]
      emit(try template.tree.get(), Site(scopes: [top], template: name))
      if !context.isContent {
        let line = 1 + template.source.count { $0 == UInt8(ascii: "\n") }
        errors.append(
          TemplateError(
            file: template.file, line: line, message: "the page ends inside \(context.description)")
        )
      }
    } catch { errors.append(error) }
  }
}

// MARK: - Nodes

extension Compiler {
  mutating func emit(_ nodes: [Node], _ site: Site) {
    for node in nodes {
      do throws(TemplateError) { try emit(node, site) } catch { errors.append(error) }
    }
  }

  private mutating func emit(_ node: Node, _ site: Site) throws(TemplateError) {
    switch node {
    case .text(let bytes): literal(bytes)
    case .variable(let tag): try emitVariable(tag, site)
    case .raw(let tag): try emitRaw(tag, site)
    case .section(let tag, let nodes): try emitSection(tag, nodes, site)
    case .inverted(let tag, let nodes): try emitInverted(tag, nodes, site)
    case .partial(let tag): try emitTemplate(tag, site, overrides: site.overrides)
    case .parent(let tag, let blocks): try emitParent(tag, blocks, site)
    case .block(let block): emitBlock(block, site)
    case .phrase(let phrase): try emitPhrase(phrase, site)
    }
  }

  private mutating func literal(_ bytes: [UInt8]) {
    context.pass(bytes)
    if let last = code.ops.last, last.kind == .literal, code.ops.count > barrier {
      code.ops[code.ops.count - 1].limit += Int32(bytes.count)
    } else {
      code.ops.append(
        Op(kind: .literal, index: Int32(code.literals.count), limit: Int32(bytes.count)))
    }
    code.literals += bytes
  }

  private mutating func emitVariable(_ tag: Tag, _ site: Site) throws(TemplateError) {
    let found = try find(tag, site)
    guard case .text(let text) = found.key else {
      let use =
        switch found.key {
        case .html: "write {{{\(tag.name)}}}"
        default: "it opens a section, {{#\(tag.name)}}"
        }
      throw tag.error("'\(tag.name)' is \(found.key.kind); \(use)")
    }
    if let objection = context.objectionToText { throw tag.error(objection) }
    let isLink = context.choosesScheme
    through(found.doors, from: found.place) { compiler, place in
      if isLink { compiler.code.ops.append(Op(kind: .linkStart)) }
      compiler.write(text, at: place)
      if isLink { compiler.code.ops.append(Op(kind: .linkEnd)) }
    }
    context.passValue()
  }

  private mutating func emitRaw(_ tag: Tag, _ site: Site) throws(TemplateError) {
    let found = try find(tag, site)
    guard case .html(let html) = found.key else {
      throw tag.error("'\(tag.name)' is \(found.key.kind); only HTML may be written unescaped")
    }
    guard context.isContent else {
      throw tag.error("HTML may stand in content only, not in \(context.description)")
    }
    through(found.doors, from: found.place) { compiler, place in compiler.write(html, at: place) }
  }

  private mutating func write(_ text: TextKey, at place: Place) {
    let place = place.part(at: text.base)
    if text.isStoredString {
      code.ops.append(op(.string, place))
    } else {
      code.ops.append(op(.text, place, index: code.texts.count))
      code.texts.append(text.write)
    }
  }

  private mutating func emitPhrase(_ phrase: Phrase, _ site: Site) throws(TemplateError) {
    let translation = language.catalogue?.translation(of: Message(id: phrase.id))
    do throws(TemplateError) {
      let nodes = try Parser.parse(phrase: translation?.forms[0] ?? phrase.id, at: phrase.tag)
      let before = context
      literal(phrase.leading)
      for node in nodes { try emit(node, site) }
      literal(phrase.trailing)
      if translation != nil, before.joined(with: context) == nil {
        throw phrase.tag.error("the text leaves \(before.description) for \(context.description)")
      }
    } catch {
      guard let translation, let catalogue = language.catalogue else { throw error }
      throw TemplateError(
        file: error.file, line: error.line,
        message: "\(error.message) (in the translation at \(catalogue.file):\(translation.line))")
    }
  }
}
