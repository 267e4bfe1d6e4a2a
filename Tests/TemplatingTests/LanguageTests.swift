import Testing

@testable import Templating

@Suite struct `Interface text in templates` {
  @Test func `English stands in the template`() throws {
    #expect(try rendered("<p>{{#_}}Waiting for {{text}}{{/_}}</p>") == "<p>Waiting for text</p>")
  }

  @Test func `a translation may put the values elsewhere`() throws {
    let fr = try french("msgid \"{{text}} by {{user}}\"\nmsgstr \"{{user}} a {{ text }}\"")
    #expect(try rendered("{{#_}}{{text}} by {{user}}{{/_}}", language: fr) == "Grace a text")
  }

  @Test func `white space inside counts as one space, around it stays`() throws {
    let fr = try french("msgid \"Two words\"\nmsgstr \"Deux mots\"")
    #expect(
      try rendered("<b>1</b>{{#_}} Two\n   words {{/_}}<b>", language: fr)
        == "<b>1</b> Deux mots <b>")
    #expect(try rendered("<p>\n{{#_}}\n  Two\n  words\n{{/_}}\n</p>") == "<p>\n  Two words\n</p>")
  }

  @Test func `values in a translation are escaped and sections work`() throws {
    let fr = try french(
      "msgid \"{{#yes}}{{text}}{{/yes}} it\"\nmsgstr \"le {{#yes}}{{text}}{{/yes}}\"")
    #expect(
      try rendered("{{#_}}{{#yes}}{{text}}{{/yes}} it{{/_}}", Sample(text: "<"), language: fr)
        == "le &lt;")
  }

  @Test func `what is not translated stands in English`() throws {
    let fr = try french(
      "msgid \"Leads\"\nmsgstr \"\"\n\n#, fuzzy\nmsgid \"Drafts\"\nmsgstr \"Vieux\"\n")
    #expect(try rendered("{{#_}}Leads{{/_}} {{#_}}Drafts{{/_}}", language: fr) == "Leads Drafts")
  }

  @Test func `a translation that breaks its attribute is refused`() throws {
    let fr = try french("msgid \"Search\"\nmsgstr \"\\\"Chercher\\\" x\"")
    #expect(
      mistakes("\n<a title=\"{{#_}}Search{{/_}}\">", language: fr).first
        == "page.html:2: the text leaves the value of the attribute title for a tag (in the translation at fr.po:4)"
    )
  }

  @Test func `a translation whose tags do not close is refused`() throws {
    let fr = try french("msgid \"{{#yes}}a{{/yes}}\"\nmsgstr \"{{#yes}}a\"")
    #expect(
      mistakes("{{#_}}{{#yes}}a{{/yes}}{{/_}}", language: fr)
        == ["page.html:1: {{#yes}} is never closed (in the translation at fr.po:4)"])
  }

  @Test func `a text of Swift is shown in the page's language`() throws {
    let fr = try french("msgid \"Waiting for review\"\nmsgstr \"À relire\"")
    #expect(try rendered("{{phrase}}", language: fr) == "À relire")
  }
}

@Suite struct `Interface text in Swift` {
  @Test func `a text reads as it is written`() {
    #expect(Language.english.text(L("Waiting for review")) == "Waiting for review")
    #expect(
      Language.english.text(L("Archive \(12) leads of \("Ada")")) == "Archive 12 leads of Ada")
    #expect(Language.english.text(L("100% of \(3) \("%1")")) == "100% of 3 %1")
    #expect(Language.english.text(L(verbatim: "5 %1")) == "5 %1")
  }

  @Test func `its message numbers the values`() {
    #expect(L("Move \("a") to \("b"), 5%").message == Message(id: "Move %1 to %2, 5%%"))
  }

  @Test func `a translation may reorder and drop values`() throws {
    let fr = try french(
      "msgid \"Move %1 to %2\"\nmsgstr \"Vers %2 : %1\"\n\nmsgid \"Hi %1\"\nmsgstr \"Bonjour\"")
    #expect(fr.text(L("Move \("a") to \("b")")) == "Vers b : a")
    #expect(fr.text(L("Hi \("Ada")")) == "Bonjour")
  }

  @Test func `each language counts its own way`() throws {
    let fr = try french(
      "msgid \"%1 lead\"\nmsgid_plural \"%1 leads\"\nmsgstr[0] \"%1 piste\"\nmsgstr[1] \"%1 pistes\""
    )
    let counted = [0, 1, 2].map { n in L.plural(n, "\(n) lead", "\(n) leads") }
    #expect(counted.map(Language.english.text) == ["0 leads", "1 lead", "2 leads"])
    #expect(counted.map(fr.text) == ["0 piste", "1 piste", "2 pistes"])
  }

  @Test func `context tells equal words apart`() throws {
    let fr = try french(
      "msgctxt \"month\"\nmsgid \"May\"\nmsgstr \"mai\"\n\nmsgid \"May\"\nmsgstr \"Peut\"")
    #expect(fr.text(L("May", context: "month")) == "mai")
    #expect(fr.text(L("May")) == "Peut")
  }

  @Test func `a text inside a text is translated too`() throws {
    let fr = try french(
      "msgid \"State: %1\"\nmsgstr \"État : %1\"\n\nmsgid \"sent\"\nmsgstr \"envoyé\"")
    #expect(fr.text(L("State: \(L("sent"))")) == "État : envoyé")
  }

  @Test func `equal texts are equal`() {
    #expect(L("a \(1)") == L("a \(1)"))
    #expect(L("a \(1)") != L("a \(2)"))
  }
}

@Suite struct `Catalogues` {
  private func catalogue(_ text: String) throws -> Catalogue {
    try Catalogue(code: "fr", file: "fr.po", source: Array(text.utf8))
  }

  private func mistakes(_ text: String) -> [String] {
    do {
      _ = try catalogue(text)
      return []
    } catch let errors as TemplateErrors {
      return errors.all.map(\.description)
    } catch { return ["\(error)"] }
  }

  @Test func `strings may span lines and hold escapes; comments and old entries are passed over`()
    throws
  {
    let text = #"""
      # translator
      #. for translators
      #: leads/list.html:3
      msgid ""
      "Say \"a\""
      " and\n\t\\"
      msgstr "Dire «a»"
      #~ msgid "old"
      #~ msgstr "vieux"
      msgid "next"
      msgstr "suivant"
      """#
    let read = try catalogue(text)
    #expect(read.translation(of: Message(id: "Say \"a\" and\n\t\\"))?.forms == ["Dire «a»"])
    #expect(read.translation(of: Message(id: "next"))?.line == 10)
    #expect(read.translations.count == 2)
  }

  @Test func `Windows line ends are read`() throws {
    let read = try catalogue("msgid \"a\"\r\nmsgstr \"b\"\r\n\r\nmsgid \"c\"\r\nmsgstr \"d\"\r\n")
    #expect(read.translations.count == 2)
  }

  @Test func `every mistake is told with its line`() {
    #expect(
      mistakes(
        "msgid \"a {{b}}\"\nmsgstr \"{{c}}\"\n\nmsgid \"%1\"\nmsgstr \"%2\"\n\nmsgfoo \"x\"\n") == [
          "fr.po:1: the translation uses {{c}}, which 'a {{b}}' does not",
          "fr.po:4: the translation uses %2, which '%1' does not",
          "fr.po:7: 'msgfoo' is no keyword of a .po file",
        ])
    #expect(
      mistakes("msgid \"a\"\nmsgstr \"b\"\n\nmsgid \"a\"\nmsgstr \"c\"") == [
        "fr.po:4: 'a' is translated twice"
      ])
    #expect(mistakes("msgid \"a\"\n") == ["fr.po:1: an entry needs a msgid and a msgstr"])
    #expect(mistakes("msgid a\nmsgstr \"\"").first == "fr.po:1: expected a string in double quotes")
    #expect(
      mistakes("msgid \"\\x\"\nmsgstr \"\"").first?.hasPrefix("fr.po:1: unknown escape") == true)
    #expect(mistakes("\"a\"") == ["fr.po:1: a string that belongs to no keyword"])
    #expect(
      mistakes("msgid \"a\"\nmsgid_plural \"b\"\nmsgstr[0] \"c\"") == [
        "fr.po:1: 'a' needs 2 filled msgstr forms"
      ])
    #expect(
      mistakes("msgid \"\"\nmsgstr \"Plural-Forms: nplurals=3; plural=n%3;\\n\"").first?
        .hasPrefix("fr.po:1: unknown plural rule") == true)
  }

  @Test func `missing and left over translations are listed`() throws {
    let uses = ["a", "b"].map { MessageUse(message: Message(id: $0), file: "x.html", line: 1) }
    let read = try catalogue("msgid \"b\"\nmsgstr \"B\"\n\nmsgid \"c\"\nmsgstr \"C\"")
    #expect(read.missing(among: uses).map(\.description) == ["x.html:1: a"])
    #expect(read.leftovers(beside: uses).map(\.description) == ["fr.po:4: c"])
  }

  @Test func `an entry to fill in can be read back`() throws {
    let message = Message(id: "a \"b\"\n\\", plural: "c", context: "d")
    let entry = message.entry.split(separator: "\n").map { String($0) }
    #expect(
      entry == [
        #"msgctxt "d""#, #"msgid "a \"b\"\n\\""#, #"msgid_plural "c""#, #"msgstr[0] """#,
        #"msgstr[1] """#,
      ])
    #expect(try catalogue(message.entry).translations.isEmpty)
  }
}

@Suite struct `Finding the texts to translate` {
  private func found(_ source: String) throws -> [String] {
    try Extraction.swift(Array(source.utf8), file: "A.swift").map(\.description)
  }

  @Test func `literals in L are found with their line`() throws {
    #expect(
      try found("let a = 1\nlet b = L(\"One\")\n  f( L( \"Two\\n\\\"\\u{e9}\" ) )") == [
        "A.swift:2: One", "A.swift:3: Two\n\"é",
      ])
  }

  @Test func `values become numbers, as in L itself`() throws {
    let n = 3
    #expect(
      try found(#"L("Move \(a.b(")")) to \(c ? "x" : "y"), 5%")"#) == [
        "A.swift:1: Move %1 to %2, 5%%"
      ])
    #expect(try found(#"L("\(n) at 5%")"#) == ["A.swift:1: " + L("\(n) at 5%").message.id])
  }

  @Test func `both forms of a plural are found`() throws {
    let uses = try Extraction.swift(
      Array(#"L.plural(f(a, b), "\(n) lead", "\(n) leads")"#.utf8), file: "A.swift")
    #expect(uses.map(\.message) == [Message(id: "%1 lead", plural: "%1 leads")])
  }

  @Test func `context is found`() throws {
    let uses = try Extraction.swift(Array(#"L("May", context: "month")"#.utf8), file: "A.swift")
    #expect(uses.map(\.message) == [Message(id: "May", context: "month")])
  }

  @Test func `texts inside interpolations are found`() throws {
    #expect(
      try found(#""a \(t.text(L("in"))) b" + L("out \(L("mid"))")"#).sorted() == [
        "A.swift:1: in", "A.swift:1: mid", "A.swift:1: out %1",
      ])
  }

  @Test func `comments, strings and other names are no texts`() throws {
    let source = ##"""
      // L("a")
      /* L("b") /* */ L("c") */
      let s = "L(\"d\")" + #"L("e")"# + HTML("f") + URL("g") + L(verbatim: x)
      """##
    #expect(try found(source) == [])
  }

  @Test func `a literal over several lines reads as Swift reads it`() throws {
    let source = "L(\n  \"\"\"\n    One \\\n    \"two\"\n      three\n    \"\"\")"
    #expect(try found(source) == ["A.swift:1: One \"two\"\n  three"])
  }

  @Test func `what cannot be read is told with its line`() {
    #expect(
      throws: TemplateError(
        file: "A.swift", line: 2, message: "L does not take raw string literals")
    ) {
      try found("\nL(#\"a\"#)")
    }
    #expect(
      throws: TemplateError(file: "A.swift", line: 1, message: "a string literal that never ends")
    ) {
      try found("f(\"a\n)")
    }
  }
}
