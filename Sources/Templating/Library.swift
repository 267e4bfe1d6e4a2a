/// All templates of a directory as trees, and the languages beside them, as they were at one time.
struct Library: Sendable {
  struct Template: Sendable {
    let file: String
    let source: [UInt8]
    let tree: Result<[Node], TemplateError>
  }

  private(set) var templates: [String: Template] = [:]
  /// English first.
  private(set) var languages = [Language.english]

  static let endings = [".html", ".po"]

  /// Templates given as text, by name.
  init(_ sources: [String: String], languages: [Language] = [.english]) {
    for (name, text) in sources { add(name, file: "\(name).html", Array(text.utf8)) }
    self.languages = languages
  }

  /// Everything that ends in `.html` below `directory`, and `locales/*.po`.
  init(directory: String, files: [FileStamp]) throws(TemplateErrors) {
    var errors: [TemplateError] = []
    for file in files {
      do {
        try load(file.path, in: directory)
      } catch let error as TemplateErrors {
        errors += error.all
      } catch let error as TemplateError {
        errors.append(error)
      } catch {
        preconditionFailure("Loading throws only template errors, not \(error).")
      }
    }
    if !errors.isEmpty { throw TemplateErrors(errors) }
  }

  /// What the parser found wrong, in every file.
  var errors: [TemplateError] {
    templates.values.compactMap { template in
      if case .failure(let error) = template.tree { error } else { nil }
    }
  }

  /// The template that a tag in the template `origin` means: a name without a folder is looked for
  /// beside it first.
  func resolve(_ name: String, from origin: String) -> String? {
    if !name.utf8.contains(UInt8(ascii: "/")),
      let slash = origin.utf8.lastIndex(of: UInt8(ascii: "/"))
    {
      let beside = "\(origin[..<slash])/\(name)"
      if templates[beside] != nil { return beside }
    }
    return templates[name] == nil ? nil : name
  }

  private mutating func load(_ path: String, in directory: String) throws {
    let file = "\(directory)/\(path)"
    if let name = path.dropping(".html") {
      add(name, file: file, try Files.read(file))
    } else if let code = path.dropping(".po").flatMap({ $0.dropping(prefix: "locales/") }) {
      let catalogue = try Catalogue(code: code, file: file, source: try Files.read(file))
      languages.append(Language(catalogue))
    }
  }

  private mutating func add(_ name: String, file: String, _ source: [UInt8]) {
    let tree = Result { () throws(TemplateError) in try Parser.parse(source, file: file) }
    templates[name] = Template(file: file, source: source, tree: tree)
  }
}

extension String {
  fileprivate func dropping(_ ending: String) -> String? {
    guard utf8.suffix(ending.utf8.count).elementsEqual(ending.utf8) else { return nil }
    return String(decoding: utf8.dropLast(ending.utf8.count), as: UTF8.self)
  }

  fileprivate func dropping(prefix: String) -> String? {
    guard utf8.starts(with: prefix.utf8) else { return nil }
    return String(decoding: utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
  }
}
