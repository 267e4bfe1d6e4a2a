import CCmark
import Foundation
import Markdown
import Testing

@Suite struct `A letter in Markdown` {
  static let english = """
    Dear **Ada**,

    thank you for *your* call. Here is [our offer](https://acme.example/offer?id=7&v=2):

    - delivery in June
    - 20 % off until < Friday >

    1. Read it
    2. Sign it

    > We take it.
    > All of it.

    ## Next steps

    Call me: <https://cal.example/ada> or <ada@acme.example>.

    Best regards,
    Bob
    """

  @Test func `reads like this on a page`() throws {
    #expect(
      try Document(parsing: Self.english).html(for: .page)
        == """
        <p>Dear <strong>Ada</strong>,</p>
        <p>thank you for <em>your</em> call. Here is <a href="https://acme.example/offer?id=7&amp;v=2" rel="noopener noreferrer" data-target="acme.example">our offer</a>:</p>
        <ul>
        <li>delivery in June</li>
        <li>20 % off until &lt; Friday &gt;</li>
        </ul>
        <ol>
        <li>Read it</li>
        <li>Sign it</li>
        </ol>
        <blockquote>
        <p>We take it.<br />
        All of it.</p>
        </blockquote>
        <h2>Next steps</h2>
        <p>Call me: <a href="https://cal.example/ada" rel="noopener noreferrer">https://cal.example/ada</a> or <a href="mailto:ada@acme.example" rel="noopener noreferrer">ada@acme.example</a>.</p>
        <p>Best regards,<br />
        Bob</p>

        """)
  }

  @Test func `reads like this in a plain-text mail`() throws {
    #expect(
      try Document(parsing: Self.english).plainText()
        == """
        Dear Ada,

        thank you for your call. Here is our offer <https://acme.example/offer?id=7&v=2>:

        - delivery in June
        - 20 % off until < Friday >

        1. Read it
        2. Sign it

        > We take it.
        > All of it.

        Next steps
        ----------

        Call me: https://cal.example/ada or ada@acme.example.

        Best regards,
        Bob

        """)
  }

  @Test func `keeps its French as it is, in all forms`() throws {
    let document = try Document(
      parsing: "# Réponse à l’été\n\nChère Zoé,\n\nvoici « l'offre » : 20 % — à bientôt…\n")

    #expect(
      try document.html(for: .mail) == """
        <h1>Réponse à l’été</h1>
        <p>Chère Zoé,</p>
        <p>voici « l'offre » : 20 % — à bientôt…</p>

        """)
    #expect(
      try document.plainText() == """
        Réponse à l’été
        ===============

        Chère Zoé,

        voici « l'offre » : 20 % — à bientôt…

        """)
    #expect(document.outline == [Document.Heading(level: 1, text: "Réponse à l’été")])
  }

  @Test(
    arguments: [
      ("- a\n  - b\n    - c\n- d", "- a\n  - b\n    - c\n- d\n"),
      ("- a\n\n  b\n\n- c", "- a\n\n  b\n\n- c\n"),
      ("9. a\n10. b\n\n    c", "9. a\n\n10. b\n\n    c\n"),
      ("> a\n>\n> > b\n\nc", "> a\n>\n> > b\n\nc\n"),
      ("> - a\n> - b", "> - a\n> - b\n"),
      ("- > a\n  > b", "- > a\n  > b\n"),
      ("a\n\n    x = 1\n\n      y\n\nb", "a\n\n    x = 1\n\n      y\n\nb\n"),
      ("```sh\nls\n\n-la\n```", "    ls\n\n    -la\n"),
      ("- a\n\n      code\n- b", "- a\n\n      code\n\n- b\n"),
      ("a  \nb\\\nc", "a\nb\nc\n"), ("a\n\n---\n\nb", "a\n\n--------------------\n\nb\n"),
      ("### Third\ntext", "Third\n\ntext\n"), ("use `x  y`", "use x  y\n"), ("", ""), ("   \n", ""),
      ("-\n- a", "-\n- a\n"), ("a<b>c</b>", "ac\n"), ("<div>x</div>\n\na", "a\n"),
      ("[ada@x.example](mailto:ada@x.example?subject=Hi)", "ada@x.example\n"),
      ("[write](mailto:ada@x.example)", "write <ada@x.example>\n"),
      ("![a photo](https://x.example/p.png) here", "a photo here\n"),
      ("AT&amp;T &copy; &lt;3", "AT&T © <3\n"), ("\\*not em\\*", "*not em*\n"),
    ] as [(String, String)])
  func `each construct has its plain form`(source: String, text: String) throws {
    #expect(try Document(parsing: source).plainText() == text)
  }

  @Test(
    arguments: [
      ("[offer](https://a.example/x)", "data-target=\"a.example\">offer</a></p>"),
      ("[A.Example](https://a.example/x)", "noreferrer\">A.Example</a></p>"),
      ("[see a.example.](https://a.example/x)", "noreferrer\">see a.example.</a></p>"),
      ("[a.example.evil.example](https://a.example)", "data-target=\"a.example\">"),
      ("[evil-a.example](https://a.example)", "data-target=\"a.example\">"),
      ("[b.example](https://a.example:8443/)", "data-target=\"a.example:8443\">b.example</a>"),
      ("[a.example](https://a.example:8443/)", "data-target=\"a.example:8443\">"),
      ("[a.example@b.example](https://a.example)", "data-target=\"a.example\">"),
      ("[mail me](mailto:ada@a.example)", "data-target=\"ada@a.example\">mail me</a>"),
      ("[`a.example`](https://a.example)", "noreferrer\"><code>a.example</code></a></p>"),
      (
        "[x](HTTPS://A.EXAMPLE/Y)",
        "<a href=\"HTTPS://A.EXAMPLE/Y\" rel=\"noopener noreferrer\" data-target=\"a.example\">x</a>"
      ),
      ("[x](https://a.example/é)", "href=\"https://a.example/%C3%A9\""),
      ("[x](https://[2001:db8::1]:80/)", "<p>x</p>"),
    ] as [(String, String)])
  func `a page shows where a link leads unless its text does`(source: String, html: String) throws {
    #expect(try Document(parsing: source).html(for: .page).contains(html))
  }

  @Test(arguments: [
    "a *b* **c** `d < e` & \"f\"", "# h1\n## h2\n### h3 *x*\n\nSetext\n===", "- a\n- b\n\n  c\n- d",
    "1. a\n2. b\n   - c\n     1. d", "7. a\n8. b", "> a\n> > b\n\nc", "    code <x>\n\n    more",
    "a  \nb", "***\n\n---", "[a](https://b.example/c?d=e&f=%20g)", "<https://b.example>",
    "<ada@b.example>", "[a][b]\n\n[b]: https://c.example/é", "- [ ] a\n\n\n- b",
    "* a\n\n      code\n\n* b",
    "a\\\nb", "&copy; &amp; &#8364;", "**a *b* c**", "*a **b***", "1) a\n2) b", "-\n\n  a",
    "> - a\n>\n> b",
  ])
  func `what is harmless comes out as libcmark's own renderer writes it`(source: String) throws {
    let expected = source.withCString { text -> String in
      guard let html = cmark_markdown_to_html(text, strlen(text), CMARK_OPT_HARDBREAKS) else {
        return ""
      }
      defer { free(html) }
      return String(cString: html)
    }

    #expect(try Document(parsing: source).html(for: .mail) == expected)
  }

  @Test func `the outline lists headings in order, without marks`() throws {
    let source =
      "# One *x*\n\ntext\n\n> ## Two `y`\n\n- ### [Three](https://z.example)\n\nFour\n----\n"

    #expect(
      try Document(parsing: source).outline == [
        Document.Heading(level: 1, text: "One x"), Document.Heading(level: 2, text: "Two y"),
        Document.Heading(level: 3, text: "Three"), Document.Heading(level: 2, text: "Four"),
      ])
  }
}

@Suite struct `Characters that nobody sees` {
  @Test(arguments: [0xAD, 0x200B, 0x202E, 0x2060, 0x3164, 0xFE0F, 0xE0041] as [UInt32])
  func `do not leave the house, not as an entity either`(codePoint: UInt32) throws {
    let invisible = String(try #require(Unicode.Scalar(codePoint)))

    #expect(try Document(parsing: "a\(invisible)b").plainText() == "ab\n")
    #expect(try Document(parsing: "a&#\(codePoint);b").plainText() == "ab\n")
  }
}
