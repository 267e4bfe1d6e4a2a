/// The names under which nginx serves the files of Public/: with a hash of their content, so that a
/// browser may keep them for ever.
package struct Assets: Sendable {
  private let names: [String: String]

  /// `manifest` has a line `css/site.css css/site.1a2b3c4d.css` per file; empty for plain names.
  package init(manifest: String) {
    var names: [String: String] = [:]
    for line in manifest.split(separator: "\n") {
      let parts = line.split(separator: " ").map(String.init)
      if parts.count == 2 { names[parts[0]] = parts[1] }
    }
    self.names = names
  }

  func url(_ file: String) -> String { "/\(names[file] ?? file)" }
}
