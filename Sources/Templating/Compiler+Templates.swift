extension Compiler {
  mutating func emitTemplate(
    _ tag: Tag, _ site: Site, overrides: [String: Override]
  ) throws(TemplateError) {
    guard let name = library.resolve(tag.name, from: site.template),
      let template = library.templates[name]
    else { throw tag.error("no template '\(tag.name)' here or from the top folder") }
    if let first = chain.firstIndex(of: name) {
      let circle = (chain[first...] + [name]).joined(separator: " → ")
      throw tag.error("a template may not include itself: \(circle)")
    }
    chain.append(name)
    defer { chain.removeLast() }
    let nodes =
      try tag.indentation.isEmpty
      ? template.tree.get()
      : Parser.parse(template.source.indented(by: tag.indentation), file: template.file)
    emit(nodes, Site(scopes: site.scopes, template: name, overrides: overrides))
  }

  mutating func emitParent(
    _ tag: Tag, _ blocks: [Block], _ site: Site
  ) throws(TemplateError) {
    // A page's block wins over one that a layout between gives to its own layout.
    var overrides = site.overrides
    for block in blocks where overrides[block.tag.name] == nil {
      overrides[block.tag.name] = Override(
        block: block, template: site.template, overrides: site.overrides)
    }
    let seenBefore = blocksSeen
    blocksSeen = []
    try emitTemplate(tag, site, overrides: overrides)
    for block in blocks where !blocksSeen.contains(block.tag.name) {
      let known = blocksSeen.sorted().joined(separator: ", ")
      errors.append(
        block.tag.error("'\(tag.name)' has no block '\(block.tag.name)'; its blocks: \(known)"))
    }
    blocksSeen.formUnion(seenBefore)
  }

  mutating func emitBlock(_ block: Block, _ site: Site) {
    blocksSeen.insert(block.tag.name)
    guard let override = site.overrides[block.tag.name] else { return emit(block.nodes, site) }
    emit(
      override.block.nodes,
      Site(scopes: site.scopes, template: override.template, overrides: override.overrides))
  }
}

extension [UInt8] {
  /// Every line moved in, as a standalone partial tag moves its partial.
  fileprivate func indented(by indentation: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var isLineStart = true
    for byte in self {
      if isLineStart { result += indentation }
      result.append(byte)
      isLineStart = byte == UInt8(ascii: "\n")
    }
    return result
  }
}
