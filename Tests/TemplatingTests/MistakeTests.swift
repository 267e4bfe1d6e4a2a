import Testing

@testable import Templating

@Suite struct `Mistakes in a template` {
  @Test func `an unknown name comes with the names there are`() {
    #expect(
      mistakes("<p>\n{{#people}}\n{{nmae}}\n{{/people}}") == [
        "page.html:3: no key 'nmae'; Person has: email, friends, name; Sample has: company, count, "
          + "empty, first, html, many, missing, no, nobody, note, people, phrase, shout, tags, text, user, yes"
      ])
    #expect(
      mistakes("{{company.boss}}") == [
        "page.html:1: no key 'boss' in 'company'; Company has: owner, title"
      ])
  }

  @Test func `all mistakes of a page are told together`() {
    #expect(mistakes("{{a}}\n{{#b}}{{/b}}\n{{^c}}{{/c}}\n{{{text}}}").count == 4)
  }

  @Test func `raw is for HTML and HTML is for raw`() {
    #expect(
      mistakes("\n{{{text}}}") == [
        "page.html:2: 'text' is a text; only HTML may be written unescaped"
      ])
    #expect(mistakes("{{html}}") == ["page.html:1: 'html' is HTML; write {{{html}}}"])
  }

  @Test func `what is no text is not written`() {
    #expect(mistakes("{{yes}}") == ["page.html:1: 'yes' is a flag; it opens a section, {{#yes}}"])
    #expect(
      mistakes("{{people}}") == ["page.html:1: 'people' is a list; it opens a section, {{#people}}"]
    )
    #expect(
      mistakes("{{text.name}}") == ["page.html:1: 'text' is a text, so 'text.name' has no meaning"])
  }

  @Test func `the point needs a text`() {
    #expect(mistakes("{{.}}").first?.contains("{{.}} has a meaning only inside") == true)
    #expect(mistakes("{{#people}}{{.}}{{/people}}").count == 1)
  }

  @Test func `an inverted section over what is always there never shows`() {
    #expect(mistakes("{{^company}}x{{/company}}").first?.contains("never shows") == true)
  }

  @Test func `sections close, and in order`() {
    #expect(mistakes("\n{{#yes}}\n") == ["page.html:2: {{#yes}} is never closed"])
    #expect(mistakes("{{$title}}") == ["page.html:1: {{$title}} is never closed"])
    #expect(mistakes("{{/yes}}") == ["page.html:1: {{/yes}} closes nothing"])
    #expect(
      mistakes("{{#yes}}\n{{#no}}\n{{/yes}}{{/no}}") == [
        "page.html:3: {{/yes}} stands where {{#no}} of line 2 must close"
      ])
  }

  @Test func `tags are well formed`() {
    #expect(mistakes("a\n{{text") == ["page.html:2: this tag never ends"])
    #expect(mistakes("{{}}") == ["page.html:1: a tag without a name"])
    #expect(mistakes("{{a b}}").first?.contains("'a b' is not a name") == true)
    #expect(
      mistakes("{{=<% %>=}}") == ["page.html:1: set-delimiter tags are not part of our Mustache"])
    #expect(mistakes("{{text..}}").count == 1)
  }

  @Test func `partials exist and do not include themselves`() {
    #expect(
      mistakes("\n{{>_row}}") == ["page.html:2: no template '_row' here or from the top folder"])
    #expect(
      mistakes("{{>_a}}", others: ["_a": "\n{{>_b}}", "_b": "{{>_a}}"]) == [
        "_b.html:1: a template may not include itself: _a → _b → _a"
      ])
    #expect(mistakes("{{<page}}{{/page}}").first?.contains("page → page") == true)
  }

  @Test func `a mistake in a partial is told in the partial`() {
    #expect(
      mistakes("\n\n  {{>_a}}\n", others: ["_a": "x\n{{#no}}"]) == [
        "_a.html:2: {{#no}} is never closed"
      ])
  }

  @Test func `a layout has the blocks that a page fills, and nothing else is lost`() {
    let layout = ["_p": "{{$title}}{{/title}}{{$body}}{{/body}}"]
    #expect(
      mistakes("{{<_p}}\n{{$titel}}x{{/titel}}{{/_p}}", others: layout) == [
        "page.html:2: '_p' has no block 'titel'; its blocks: body, title"
      ])
    #expect(
      mistakes("{{<_p}}lost{{/_p}}", others: layout).first?.contains("'lost' beside them is lost")
        == true)
    #expect(
      mistakes("{{<_p}}{{$body}}{{/body}}{{$body}}{{/body}}{{/_p}}", others: layout).count == 1)
  }

  @Test func `phrases hold words, variables and sections`() {
    #expect(mistakes("{{#_}} {{/_}}") == ["page.html:1: {{#_}} holds no text"])
    #expect(mistakes("{{^_}}x{{/_}}") == ["page.html:1: {{^_}} has no meaning"])
    #expect(
      mistakes("{{#_}}a {{>_p}}{{/_}}", others: ["_p": ""]).first?.contains("may stand in {{#_}}")
        == true)
  }

  @Test func `a key declared twice is told`() {
    struct Twice: Page {
      static let template = "page"
      let name: String
      static let keys = Keys<Twice>().text("name", \.name).text("name") { $0.name }
    }
    #expect(
      throws: TemplateErrors([
        TemplateError(file: "page.html", line: 1, message: "Twice declares the key 'name' twice")
      ])
    ) { try Compiler.compile(Twice.self, Library(["page": ""]), .english) }
  }
}

@Suite struct `Where data may stand in HTML` {
  @Test(arguments: [
    "<p>{{text}}</p>", "<a title=\"{{text}}\">", "<a title='{{text}}'>", "<!-->{{text}}",
    "<!--->{{text}}", "<!-- a --!>{{text}}",
    "<title>{{text}}</title>", "<textarea>{{text}}</textarea>", "1 < 2 {{text}}",
    "<script src=\"/a.js\" nonce=\"{{text}}\"></script>{{text}}", "<style>a{}</style>{{text}}",
    "<!doctype html>{{text}}", "<a title = \"{{text}}\"/>{{text}}", "<SCRIPT></SCRIPT >{{text}}",
    "<option{{#yes}} selected{{/yes}}>{{text}}", "<a {{#yes}}class=\"x\"{{/yes}}>{{text}}",
    "<a class=\"x{{#yes}} y{{/yes}}\">{{text}}", "<script>if (a < b) '</scr'</script>{{text}}",
    "<!-- <script> -->{{text}}", "<input value=\"{{text}}\" disabled>{{{html}}}",
  ])
  func `content and quoted values are fine`(template: String) {
    #expect(mistakes(template) == [])
  }

  @Test(arguments: [
    "<a title={{text}}>": "put the value of the attribute title in quotes",
    "<a title=x{{text}}>": "put the value of the attribute title in quotes",
    "<a title= {{text}}>": "put the value of the attribute title in quotes",
    "<a title / = \"{{text}}\">": "data may stand in content or in a quoted attribute value",
    "<a title=\"x\" = \"{{text}}\">": "data may stand in content or in a quoted attribute value",
    "<a {{text}}>": "data may stand in content or in a quoted attribute value",
    "<a{{text}}>": "data may stand in content or in a quoted attribute value",
    "<{{text}}>": "data may stand in content or in a quoted attribute value",
    "<script>{{text}}</script>": "data inside <script> cannot be made safe",
    "<STYLE>\n</styl>{{text}}</style>": "data inside <style> cannot be made safe",
    "<a onclick=\"{{text}}\">": "data in the attribute onclick would run",
    "<a ONfocus='{{text}}'>": "data in the attribute onfocus would run",
    "<a style=\"color: {{text}}\">": "data in the attribute style would run",
    "<!-- {{text}} -->": "data may not stand in a comment",
    "<!-- -- > - -> {{text}} -->": "data may not stand in a comment",
    "<!doctype {{text}}>": "data may not stand in a <!…> declaration",
    "<a title=\"{{{html}}}\">": "HTML may stand in content only, not in the value of the attribute",
    "<textarea>{{{html}}}</textarea>": "HTML may stand in content only, not in <textarea>",
    "<a {{#yes}}title=\"{{/yes}}\">": "{{#yes}} begins in a tag and ends in the value",
    "<a title={{#yes}}\"x\"{{/yes}}>": "{{#yes}} begins in an unquoted attribute value",
    "{{^yes}}<script>{{/yes}}": "{{^yes}} begins in content and ends in <script>",
    "<a title=\"": "the page ends inside the value of the attribute title",
  ])
  func `everywhere else it is refused, with the line`(template: String, reason: String) {
    let found = mistakes("\n" + template)
    #expect(found.count == 1)
    #expect(found.first?.contains(reason) == true)
    #expect(found.first?.hasPrefix("page.html:") == true)
  }

  @Test func `the place is followed through layouts and partials`() {
    let others = ["_p": "<script>{{$b}}{{/b}}</script>", "_q": "\n{{text}}"]
    #expect(
      mistakes("{{<_p}}{{$b}}{{>_q}}{{/b}}{{/_p}}", others: others) == [
        "_q.html:2: data inside <script> cannot be made safe"
      ])
  }

  @Test(arguments: [
    "/leads/7", "leads?x=a:b", "#top", "https://example.com/", "HTTP://example.com", "mailto:a@b.c",
    "tel:+331", "", "a/b:c",
  ])
  func `a link that leads somewhere stays`(url: String) throws {
    #expect(try rendered("<a href=\"{{text}}\">", Sample(text: url)) == "<a href=\"\(url)\">")
  }

  @Test(arguments: [
    "javascript:alert(1)", "JavaScript:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)",
    "\u{1}javascript:alert(1)", "data:text/html,x", "vbscript:x", ":x", "javascript\u{301}:x",
    "javascript:\u{301}x", "http\u{17F}:x",
  ])
  func `a link that could run code becomes a bare fragment`(url: String) throws {
    #expect(try rendered("<a href='{{text}}'>", Sample(text: url)) == "<a href='#'>")
    #expect(
      try rendered("<form action=\"{{#yes}}{{text}}{{/yes}}\">", Sample(text: url))
        == "<form action=\"#\">")
  }

  @Test func `behind a settled scheme a link takes any text`() throws {
    #expect(
      try rendered("<a href=\"/leads?q={{text}}\">", Sample(text: "javascript:x"))
        == "<a href=\"/leads?q=javascript:x\">")
  }
}

@Suite struct `Escaping` {
  static let marks: [Unicode.Scalar] = [
    "\u{300}", "\u{301}", "\u{302}", "\u{303}", "\u{308}", "\u{30A}", "\u{327}", "\u{338}",
    "\u{34F}",
    "\u{20D2}", "\u{FE0F}", "\u{200D}",
  ]

  @Test(arguments: ["&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;", "'": "&#39;"], marks)
  func `a combining mark hides no metacharacter`(
    sign: (key: String, value: String), mark: Unicode.Scalar
  ) throws {
    let page = Sample(text: sign.key + String(Character(mark)) + sign.key)
    let expected =
      Array(sign.value.utf8) + Array(String(Character(mark)).utf8) + Array(sign.value.utf8)
    #expect(Array(try rendered("{{text}}", page).utf8) == expected)
  }

  @Test func `all other bytes pass as they are`() {
    let plain = (0...127).filter { !"&<>\"'".utf8.contains($0) } + Array("é漢😀\r\n".utf8)
    var buffer = ByteBuffer(capacity: 1)
    plain.withUnsafeBufferPointer { buffer.escape($0) }
    #expect(buffer.bytes == plain)
  }

  @Test func `the buffer grows to the longest escape and is used again`() {
    let text = String(repeating: "\"", count: 10_000)
    var buffer = ByteBuffer(capacity: 1)
    buffer.escape(text)
    #expect(buffer.string == String(repeating: "&quot;", count: 10_000))
    buffer.removeAll()
    buffer.append("x")
    #expect(buffer.string == "x")
  }

  @Test func `HTML made from text is escaped`() {
    #expect(HTML(escaping: "<a>") == HTML(safe: "&lt;a&gt;"))
  }
}
