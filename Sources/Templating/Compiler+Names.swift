extension Compiler {
  /// The key that a name means here: the innermost scope that has its first part decides.
  func find(_ tag: Tag, _ site: Site) throws(TemplateError) -> Found {
    if tag.name == "." {
      guard let text = site.scopes.last?.text else {
        throw tag.error("{{.}} has a meaning only inside a section over a text or a list of texts")
      }
      return text
    }
    let parts = tag.name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard let scope = site.scopes.last(where: { $0.table?.keys[parts[0]] != nil }),
      var key = scope.table?.keys[parts[0]]
    else { throw tag.error("no key '\(parts[0])'; \(known(in: site))") }

    var doors: [ObjectKey] = []
    for (owner, part) in zip(parts, parts.dropFirst()) {
      guard case .object(let object) = key else {
        throw tag.error("'\(owner)' is \(key.kind), so '\(tag.name)' has no meaning")
      }
      let table = object.table()
      guard let next = table.keys[part] else {
        throw tag.error("no key '\(part)' in '\(owner)'; \(table.owner) has: \(table.names)")
      }
      doors.append(object)
      key = next
    }
    return Found(place: scope.place, doors: doors, key: key)
  }

  private func known(in site: Site) -> String {
    site.scopes.reversed().compactMap(\.table)
      .map { "\($0.owner) has: \($0.names)" }
      .joined(separator: "; ")
  }
}
