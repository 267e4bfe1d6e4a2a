extension Compiler {
  mutating func emitSection(
    _ tag: Tag, _ nodes: [Node], _ site: Site
  ) throws(TemplateError) {
    let found = try find(tag, site)
    let before = context
    switch found.key {
    case .flag, .text, .html:
      let inner =
        if case .text = found.key { site.inside(Scope(place: found.place, text: found)) } else {
          site
        }
      emitTest(found, whenTrue: true) { $0.emit(nodes, inner) }
    case .list(let list):
      through(found.doors, from: found.place) { compiler, place in
        compiler.each(list, at: place) { $0.emit(nodes, site.inside($1)) }
      }
    case .object(let object):
      through(found.doors + [object], from: found.place) { compiler, place in
        compiler.emit(nodes, site.inside(Scope(place: place, table: object.table())))
      }
    }
    try join(before, tag)
  }

  mutating func emitInverted(
    _ tag: Tag, _ nodes: [Node], _ site: Site
  ) throws(TemplateError) {
    let found = try find(tag, site)
    if case .object(let object) = found.key, object.open == nil, found.doors.isEmpty {
      throw tag.error("'\(tag.name)' is always there, so {{^\(tag.name)}} never shows")
    }
    let before = context
    emitTest(found, whenTrue: false) { $0.emit(nodes, site) }
    try join(before, tag)
  }

  /// What a section leaves must fit what follows when the section does not run.
  private mutating func join(_ before: HTMLContext, _ tag: Tag) throws(TemplateError) {
    guard let joined = before.joined(with: context) else {
      let (from, to) = (before.description, context.description)
      context = before
      throw tag.error("{{\(tag.spelling)}} begins in \(from) and ends in \(to)")
    }
    context = joined
  }

  private mutating func emitTest(
    _ found: Found, whenTrue: Bool, _ body: (inout Compiler) -> Void
  ) {
    if case .flag(let flag) = found.key, flag.isStored, found.doors.isEmpty {
      let place = found.place.part(at: flag.base)
      block(op(whenTrue ? .ifFlag : .unlessFlag, place), body)
      return
    }
    let (base, test) = Self.test(found.doors[...], found.key)
    let place = found.place.part(at: base)
    let step = op(whenTrue ? .ifTest : .unlessTest, place, index: code.tests.count)
    code.tests.append(test)
    block(step, body)
  }

  /// Whether the key holds something; behind a missing object nothing does.
  private static func test(
    _ doors: ArraySlice<ObjectKey>, _ key: Key
  ) -> (base: Int, test: @Sendable (Address) -> Bool) {
    if let door = doors.first {
      let (base, inner) = test(doors.dropFirst(), key)
      guard let open = door.open else { return (door.base + base, inner) }
      return (door.base, isFilled(open) { inner($0 + base) })
    }
    switch key {
    case .flag(let flag): return (flag.base, flag.isTrue)
    case .text(let text), .html(let text): return (text.base, text.isFilled)
    case .list(let list): return (list.base, list.isFilled)
    case .object(let object):
      guard let open = object.open else { return (object.base, { _ in true }) }
      return (object.base, isFilled(open) { _ in true })
    }
  }

  private static func isFilled(
    _ open: @escaping Program.Opener, _ inner: @escaping @Sendable (Address) -> Bool
  ) -> @Sendable (Address) -> Bool {
    { address in
      var result = false
      open(address) { result = inner($0) }
      return result
    }
  }

  private mutating func each(
    _ list: ListKey, at place: Place, _ body: (inout Compiler, Scope) -> Void
  ) {
    let step = op(.list, place.part(at: list.base), index: code.lists.count)
    code.lists.append(list)
    nested(step) { compiler, element in
      let scope =
        switch list.element {
        case .named(let table): Scope(place: element, table: table())
        case .plain(let text):
          Scope(place: element, text: Found(place: element, key: .text(text)))
        }
      body(&compiler, scope)
    }
  }

  /// Opens the objects on the way and compiles `body` behind the last one.
  mutating func through(
    _ doors: [ObjectKey], from place: Place, _ body: (inout Compiler, Place) -> Void
  ) {
    guard let door = doors.first else { return body(&self, place) }
    let rest = Array(doors.dropFirst())
    guard let open = door.open else {
      return through(rest, from: place.part(at: door.base), body)
    }
    let step = op(.object, place.part(at: door.base), index: code.objects.count)
    code.objects.append(open)
    nested(step) { compiler, object in compiler.through(rest, from: object, body) }
  }

  /// A step whose body sees one more scope.
  private mutating func nested(_ step: Op, _ body: (inout Compiler, Place) -> Void) {
    let slot = UInt8(openSlots)
    var step = step
    step.target = slot
    openSlots += 1
    precondition(openSlots < 256, "A template nests deeper than 255 scopes.")
    code.slotCount = max(code.slotCount, openSlots)
    block(step) { body(&$0, Place(slot: slot)) }
    openSlots -= 1
  }

  private mutating func block(_ step: Op, _ body: (inout Compiler) -> Void) {
    let start = code.ops.count
    code.ops.append(step)
    body(&self)
    code.ops[start].limit = Int32(code.ops.count)
    barrier = code.ops.count
  }

  func op(_ kind: Op.Kind, _ place: Place, index: Int = 0) -> Op {
    Op(kind: kind, slot: place.slot, offset: Int32(place.offset), index: Int32(index))
  }
}
