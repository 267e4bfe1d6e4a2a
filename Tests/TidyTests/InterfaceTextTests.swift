import Templating
import Testing
import Web

@Suite struct `Interface texts` {
  private static let file = "Templates/locales/fr.po"
  /// Searched for once, for all tests.
  private static let found = Result {
    try Extraction.templates(below: "\(Repository.root)/Templates")
      + Extraction.swiftFiles(below: "\(Repository.root)/Sources")
  }

  private let uses: [MessageUse]
  private let french: Catalogue

  init() throws {
    uses = try Self.found.get()
    french = try Catalogue(code: "fr", file: Self.file, source: Repository.bytes(Self.file))
  }

  @Test func `every text has a French translation`() {
    let missing = french.missing(among: uses).map {
      "#: \($0.file):\($0.line)\n\($0.message.entry)"
    }

    #expect(missing.isEmpty, "add to \(french.file):\n\(missing.joined(separator: "\n"))")
  }

  @Test func `no translation is left over`() {
    let leftovers = french.leftovers(beside: uses).map(\.description)

    #expect(leftovers.isEmpty, "nothing uses:\n\(leftovers.joined(separator: "\n"))")
  }

  @Test func `no text hides from the search for texts`() throws {
    // The search knows `L(…)` and `L.plural(…)`; the compiler would take these spellings as well.
    let hidden = try Repository.sources.get().flatMap { source in
      try source.offences(#"(?<![\w)\]>])\.plural\(|\bL\.init\("#)
    }

    #expect(hidden.isEmpty, "write L(…) or L.plural(…):\n\(hidden.joined(separator: "\n"))")
  }

  @Test func `every word of a template is marked as a text`() throws {
    let bare = try Repository.files(below: "Templates", ending: ".html").flatMap { path in
      Self.bareWords(in: try Repository.text(path)).map { "\(path): \($0)" }
    }

    #expect(bare.isEmpty, "put it into {{#_}}…{{/_}}:\n\(bare.joined(separator: "\n"))")
  }

  @Test func `French is set as a printer would`() throws {
    let poor = try Repository.text(french.file).split(separator: "\n")
      .filter { $0.hasPrefix("msgstr") || $0.hasPrefix("\"") }
      .filter {
        String($0).matches(
          #"'|“|”|\.\.\.|[^\u00A0]:(\s|"$)|[^\u202F][;?!](\s|"$)|«[^\u00A0]|[^\u00A0]»"#)
      }
      .filter { !$0.contains("\\n\"") }

    #expect(
      poor.isEmpty,
      "’ « » …, U+00A0 before : and inside « », U+202F before ; ? !\n\(poor.joined(separator: "\n"))"
    )
  }

  @Test func `all templates compile for all pages in all languages`() throws {
    let templates = try Templates(
      directory: "\(Repository.root)/Templates", pages: Site.pages)

    #expect(templates.languages.map(\.code) == ["en", "fr"])
  }

  /// The name of the product and the names of keys are the same in every language.
  private static func bareWords(in template: String) -> [String] {
    let bare = template.removing(#"\{\{#_\}\}[\s\S]*?\{\{/_\}\}"#).removing(#"\{\{[^}]*\}?\}\}"#)
      .removing("<kbd>[^<]*</kbd>").removing("CloserFlow")
    let attributes = bare.split(separator: ">").map(String.init)
      .filter { $0.matches(#"\s(aria-label|placeholder|title|alt)="[^"]*\p{L}"#) }
    let words = bare.removing("<[^>]*>").split { $0.isWhitespace }.map(String.init)
      .filter { $0.matches(#"\p{L}"#) }
    return attributes + words
  }
}
