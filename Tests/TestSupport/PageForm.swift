import HTTP

/// A form of a page, read as a browser reads it: what is sent when one of its buttons is pressed is every control
/// that counts, in the page's order, with the button among them.
package struct PageForm {
  package let action: String
  package let isPost: Bool
  package private(set) var controls: [Control] = []

  package struct Control {
    let name: String
    var value: String
    /// Nil for a field; the words on a button.
    let button: String?
  }

  /// What a browser sends for the button with these words, where somebody typed or chose `filling` before.
  package func sent(
    by button: String, filling: KeyValuePairs<String, String> = [:]
  ) -> [(String, String)] {
    controls.compactMap { control in
      if let words = control.button {
        guard words == button, !control.name.isEmpty else { return nil }
        return (control.name, control.value)
      }
      let typed = filling.last { $0.key == control.name }?.value
      return (control.name, typed ?? control.value)
    }
  }

  /// What stands in a field as the page comes.
  package subscript(name: String) -> String? {
    controls.first { $0.name == name && $0.button == nil }?.value
  }

  package var buttons: [String] { controls.compactMap(\.button) }

  fileprivate init(_ tag: Tag, at path: String) {
    action = tag["action"] ?? path
    isPost = tag["method"]?.lowercased() == "post"
  }

  fileprivate mutating func add(_ tag: Tag, content: String) {
    guard !tag.has("disabled") else { return }
    switch (tag.name, tag["type"] ?? "text") {
    case ("button", "button"), ("input", "file"): break
    case ("button", _):
      controls.append(
        Control(name: tag["name"] ?? "", value: tag["value"] ?? "", button: Page.words(of: content))
      )
    case ("input", "checkbox"), ("input", "radio"):
      if tag.has("checked") { add(tag, value: tag["value"] ?? "on") }
    case ("input", _): add(tag, value: tag["value"] ?? "")
    case ("textarea", _):
      add(tag, value: Page.decoded(content.first == "\n" ? String(content.dropFirst()) : content))
    case ("select", _):
      let options = Tag.all(in: content).filter {
        $0.tag.name == "option" && !$0.tag.has("disabled")
      }
      guard let chosen = options.first(where: { $0.tag.has("selected") }) ?? options.first else {
        return
      }
      add(tag, value: chosen.tag["value"] ?? Page.words(of: chosen.content))
    default: break
    }
  }

  private mutating func add(_ tag: Tag, value: String) {
    guard let name = tag["name"], !name.isEmpty else { return }
    controls.append(Control(name: name, value: value, button: nil))
  }
}

extension Page {
  /// The forms of the page, with the controls that name them from elsewhere.
  package func forms(at path: String) -> [PageForm] {
    var forms: [PageForm] = []
    var ids: [String: Int] = [:]
    var open: Int?
    for (tag, content) in Tag.all(in: html) {
      switch tag.name {
      case "form":
        forms.append(PageForm(tag, at: path))
        open = forms.count - 1
        if let id = tag["id"] { ids[id] = open }
      case "/form": open = nil
      default:
        guard let form = tag["form"].map({ ids[$0] }) ?? open else { continue }
        forms[form].add(tag, content: content)
      }
    }
    return forms
  }

  /// The form that has a button with these words.
  package func form(with button: String, at path: String = "") -> PageForm? {
    forms(at: path).first { $0.buttons.contains(button) }
  }
}

extension Browser {
  /// Presses a button of a page, after typing or choosing what `filling` says.
  package func press(
    _ button: String, on page: Page, filling: KeyValuePairs<String, String> = [:]
  ) throws -> Page {
    guard let form = page.form(with: button) else {
      throw NoSuchButton(words: button, page: page.text)
    }
    let pairs = form.sent(by: button, filling: filling).map { (name: $0.0, value: $0.1) }
    let encoded = NamedValues.encode(pairs)
    guard form.isPost else { return try get("\(form.action)?\(encoded)") }
    return try post(form.action, body: encoded)
  }

  private struct NoSuchButton: Error {
    let words: String
    let page: String
  }
}

/// An opening or closing tag of markup that is known to be well-formed.
private struct Tag {
  let name: String
  private let attributes: [(name: String, value: String)]

  subscript(name: String) -> String? { attributes.first { $0.name == name }?.value }
  func has(_ name: String) -> Bool { attributes.contains { $0.name == name } }

  /// Every tag with the markup behind it, as far as its own closing tag where it has one.
  static func all(in markup: String) -> [(tag: Tag, content: String)] {
    var found: [(Tag, String)] = []
    var rest = Substring(markup)
    while let start = rest.firstIndex(of: "<") {
      rest = rest[rest.index(after: start)...]
      guard let end = endOfTag(in: rest) else { break }
      let tag = Tag(rest[..<end])
      rest = rest[rest.index(after: end)...]
      let content = rest.range(of: "</\(tag.name)>").map { rest[..<$0.lowerBound] } ?? ""
      found.append((tag, String(content)))
      // What stands in a text area is no markup.
      if tag.name == "textarea" { rest = rest[content.endIndex...] }
    }
    return found
  }

  private static func endOfTag(in text: Substring) -> Substring.Index? {
    var isQuoted = false
    for index in text.indices {
      if text[index] == "\"" { isQuoted.toggle() }
      if text[index] == ">", !isQuoted { return index }
    }
    return nil
  }

  private init(_ text: Substring) {
    name = String(text.prefix { !$0.isWhitespace })
    var attributes: [(String, String)] = []
    var rest = text.dropFirst(name.count).drop(while: \.isWhitespace)
    while !rest.isEmpty {
      let name = rest.prefix { $0 != "=" && !$0.isWhitespace }
      rest = rest.dropFirst(name.count)
      var value = ""
      if rest.hasPrefix("=\"") {
        rest = rest.dropFirst(2)
        value = String(rest.prefix { $0 != "\"" })
        rest = rest.dropFirst(value.count + 1)
      }
      attributes.append((String(name), Page.decoded(value)))
      rest = rest.drop(while: \.isWhitespace)
    }
    self.attributes = attributes
  }
}
