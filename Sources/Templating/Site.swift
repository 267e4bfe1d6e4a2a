/// A value at run time: an open scope's value, or a part of it in the same memory.
struct Place {
  var slot: UInt8 = 0
  var offset = 0

  func part(at base: Int) -> Place { Place(slot: slot, offset: offset + base) }
}

/// What a section opened: names, or one text for `{{.}}`.
struct Scope {
  let place: Place
  var table: KeyTable?
  var text: Found?
}

/// A key, and the way to it through objects that may be missing.
struct Found {
  let place: Place
  var doors: [ObjectKey] = []
  let key: Key
}

/// Everything the meaning of a tag depends on.
struct Site {
  var scopes: [Scope]
  let template: String
  var overrides: [String: Override] = [:]

  func inside(_ scope: Scope) -> Site {
    Site(scopes: scopes + [scope], template: template, overrides: overrides)
  }
}

/// What a page puts into a layout's block. Its names for partials, and the blocks inside it, mean
/// what they mean in the file where it is written; its variables mean what they mean in the layout.
struct Override {
  let block: Block
  let template: String
  let overrides: [String: Override]
}
