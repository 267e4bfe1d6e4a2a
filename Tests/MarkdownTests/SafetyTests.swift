import Glibc
import Markdown
import Testing
import Text

@Suite struct `Markdown that means harm` {
  /// Scripts, schemes, entities, autolinks, references, mixed case, broken nesting.
  static let payloads = [
    "<script>alert(1)</script>", "a <script>alert(1)</script> b", "<ScRiPt src=//evil.example>",
    "<img src=x onerror=alert(1)>", "a <img src=x onerror=alert(1)> b", "<svg/onload=alert(1)>",
    "<iframe src=\"javascript:alert(1)\"></iframe>", "<a href=\"javascript:alert(1)\">x</a>",
    "<style>*{display:none}</style>", "<!-- <script> -->", "<!--><script>alert(1)</script>-->",
    "<?php echo 1 ?>", "<![CDATA[<script>]]>", "<!DOCTYPE html>",
    "<div\nonclick=alert(1)\n>x</div>",
    "<details open ontoggle=alert(1)>", "<form action=//evil><input name=password></form>",
    "<base href=//evil.example>", "<meta http-equiv=refresh content=0;url=//evil>",
    "[x](javascript:alert(1))", "[x](JaVaScRiPt:alert(1))", "[x](java&#115;cript:alert(1))",
    "[x](java&Tab;script:alert(1))", "[x](&#106;avascript:alert(1))", "[x](<java script:alert(1)>)",
    "[x](\u{1}javascript:alert(1))", "[x](vbscript:msgbox(1))", "[x](file:///etc/passwd)",
    "[x](data:text/html,<script>alert(1)</script>)", "[x](data:image/png;base64,AAAA)",
    "[x](data:image/svg+xml,<svg onload=alert(1)>)", "[x](//evil.example)", "[x](/\\evil.example)",
    "[x](\\\\evil.example)", "[x](http:\\\\evil.example)", "[x](https:evil.example)",
    "[x](https:/evil.example)", "[x](https://)", "[x](https://good.example@evil.example)",
    "[x](https://good.example%40evil.example)", "[x](https://a:b@evil.example/)",
    "[x](https://evil.example:80:90/)", "[x](https://ev%69l.example)", "[x](https://höst.example)",
    "[x](tel:+15551234)", "[x](sms:+1555)", "[x](ftp://evil.example)", "[x](#fragment)",
    "[x](page)",
    "[x](mailto:a@b.example?bcc=evil@c.example)",
    "[x](mailto:a@b.example?subject=x&CC=evil@c.example)",
    "[x](mailto:a@b.example?subject=x&amp;bcc=evil@c.example)",
    "[x](mailto:a@b.example?%62cc=evil@c.example)", "[x](mailto:a@b.example,evil@c.example)",
    "[x](mailto:?to=evil@c.example)", "[x](mailto:)", "[x](mailto:a@b.example?attach=/etc/passwd)",
    "<javascript:alert(1)>", "<JAVASCRIPT:alert(1)>", "<data:text/html,x>", "<vbscript:x>",
    "[x]\n\n[x]: javascript:alert(1)", "[x][y]\n\n[y]: <data:text/html,x> \"t\"",
    "[x]: javascript:alert(1)\n[X]", "![x](javascript:alert(1))",
    "![x](https://evil.example/pixel.png)",
    "![x](data:image/png;base64,AAAA)", "![x][y]\n\n[y]: https://evil.example/p.png",
    "[![x](https://evil.example/p.png)](javascript:alert(1))", "![a [b](javascript:x) c](y)",
    "[x](https://ok.example \"\\\" onmouseover=alert(1) x=\\\"\")",
    "[x](https://ok.example/\"onmouseover=alert(1)//)", "[x](https://ok.example/'><script>)",
    "[\"><script>alert(1)</script>](https://ok.example)", "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;", "`<script>alert(1)</script>`",
    "    <script>alert(1)</script>", "```\"><script>\n<script>alert(1)</script>\n```",
    "```html onmouseover=alert(1)\nx\n```", "# <b onclick=alert(1)>x</b>", "> <script>x</script>",
    "- <img src=x>\n- ok", "**<b>x**</b>", "<b>*x</b>*", "[x](<javascript:alert(1)>)",
    "\\<script>alert(1)\\</script>", "<\u{0}script>", "<scr\u{200B}ipt>alert(1)</scr\u{200B}ipt>",
    "[x](java\u{200B}script:alert(1))", "[x](https://ok.example/\u{202E}gpj.exe)",
    "[x](https://ok.example/&#x202E;gpj.exe)", "\u{202E}txet desrever", "&#x202E;abc",
    "&#1;&#27;[2J",
    "<a\u{301} href=x>", "\"\u{301}><script>", "[x](https://[::1]:80/)", "[x](https://[evil]/)",
  ]

  @Test(arguments: payloads) func `comes out as allowed tags around text, on both surfaces`(
    payload: String
  ) throws {
    for surface in [Document.Surface.page, .mail] {
      let html = try Document(parsing: payload).html(for: surface)

      #expect(MarkupScan(html).problems == [], "\(html)")
    }
  }

  @Test(arguments: payloads) func `leaves no control or invisible character in any form`(
    payload: String
  ) throws {
    let document = try Document(parsing: payload)

    for form in try [document.html(for: .page), document.html(for: .mail), document.plainText()] {
      #expect(Invisible.strip(form).count == 0)
      #expect(
        form.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control || $0 == "\n" })
    }
  }

  @Test(arguments: [
    "[x](javascript:alert(1))", "[x](//evil.example)", "[x](tel:+15551234)", "[x](page.html)",
    "[x](https://good.example@evil.example)", "[x](mailto:a@b.example?bcc=evil@c.example)",
    "![x](https://evil.example/pixel.png)", "[![x](https://evil.example/p.png)](javascript:y)",
    "<b>x</b>", "x<!-- y -->", "<b></b>\n\nx",
    "[x](https://a.example/" + String(repeating: "b", count: 2050) + ")",
  ])
  func `what may not stand leaves its text and nothing else`(source: String) throws {
    let document = try Document(parsing: source)

    #expect(try document.html(for: .page) == "<p>x</p>\n")
    #expect(try document.html(for: .mail) == "<p>x</p>\n")
    #expect(try document.plainText() == "x\n")
  }

  @Test func `a scan that sees nothing wrong would see these`() {
    for bad in [
      "<img src=x>", "<script>", "<a href=\"javascript:x\">", "<p onclick=x>", "a < b",
      "<a href=\"//x\">",
    ] {
      #expect(MarkupScan(bad).problems != [], "\(bad)")
    }
  }

  @Test(arguments: Hostile.texts) func `nothing makes the page wait`(text: Hostile) throws {
    let source = text.source
    let start = cpuSeconds()

    do throws(Document.Failure) {
      let document = try Document(parsing: source)
      _ = try document.html(for: .page)
      _ = try document.plainText()
      _ = document.outline
    } catch {
      // Refusing is an answer too.
      #expect(error == .expandsTooFar)
    }

    // A release build stays under 0.12 s; a debug build is some ten times slower.
    #expect(cpuSeconds() - start < 1.5)
  }

  @Test func `a source over 64 KiB is refused, one of 64 KiB is not`() throws {
    _ = try Document(parsing: String(repeating: "a", count: 65_536))
    #expect(throws: Document.Failure.tooLong(bytes: 65_538)) {
      try Document(parsing: String(repeating: "é", count: 32_769))
    }
  }
}

/// Sources of the full length that cost parsers and renderers the most.
struct Hostile: Sendable, CustomTestStringConvertible {
  var name: String
  var unit: String
  var tail = ""

  var source: String {
    let count = (65_536 - tail.utf8.count) / unit.utf8.count
    return String(repeating: unit, count: count) + tail
  }
  var testDescription: String { name }

  static let texts = [
    Hostile(name: "quotes", unit: ">"),
    Hostile(
      name: "quotes, then lazy lines", unit: ">",
      tail: "a\n" + String(repeating: "a\n", count: 16_000)),
    Hostile(name: "lists in lists", unit: "- "),
    Hostile(
      name: "lists, then lazy lines", unit: "- ",
      tail: "a\n" + String(repeating: "a\n", count: 16_000)),
    Hostile(name: "open brackets", unit: "["),
    Hostile(name: "nested brackets", unit: "[", tail: "a" + String(repeating: "]", count: 32_000)),
    Hostile(name: "empty images", unit: "![[]()"),
    Hostile(name: "emphasis", unit: "*a_ "),
    Hostile(name: "strong emphasis", unit: "a**b"),
    Hostile(name: "CDATA", unit: "<![CDATA["),
    Hostile(name: "processing instructions", unit: "<?"),
    Hostile(name: "declarations", unit: "<!A "),
    Hostile(name: "comments", unit: "<!--"),
    Hostile(name: "unclosed links", unit: "[a](<b"),
    Hostile(name: "autolinks", unit: "<http://a>"),
    Hostile(name: "ampersands", unit: "&"),
    Hostile(
      name: "a long reference, often", unit: "[a] ",
      tail: "\n\n[a]: http://a/" + String(repeating: "b", count: 2_000)),
    Hostile(
      name: "a longer reference, often", unit: "[a] ",
      tail: "\n\n[a]: http://a/" + String(repeating: "b", count: 30_000)),
    Hostile(
      name: "a host within a long text", unit: "a",
      tail: "](http://" + String(repeating: "a", count: 300) + ".b)"),
    Hostile(name: "invisible entities", unit: "&#x200B;"),
  ]
}

private func cpuSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Reads HTML as a suspicious browser would, and lists all that our output may not hold.
struct MarkupScan {
  private(set) var problems = [String]()

  init(_ html: String) {
    var rest = Substring(html)
    while let open = rest.utf8.firstIndex(of: UInt8(ascii: "<")) {
      guard let match = rest[open...].prefixMatch(of: Self.tag) else {
        problems.append("stray <: \(rest[open...].prefix(40))")
        return
      }
      if let address = match.1, address.prefixMatch(of: Self.address) == nil {
        problems.append("address \(address)")
      }
      rest = rest[match.range.upperBound...]
    }
    if html.contains(/\ssrc\s*=\s*["']/) { problems.append("src") }
  }

  private static var tag: Regex<(Substring, Substring?)> {
    /<(?:\/?(?:p|em|strong|ul|ol|li|blockquote|code|pre|h[1-6])|\/a|br \/|hr \/|ol start="[0-9]+"|a href="([^"<>\s]+)"(?: rel="noopener noreferrer"(?: data-target="[^"<>\s]+")?)?)>/
  }
  private static var address: Regex<Substring> {
    /(?i:https?:\/\/[a-z0-9][a-z0-9.\-]*(?::[0-9]+)?(?:[\/?#][^"]*)?$|mailto:[^@?]+@[^@?]+(?:\?(?:subject|body)=[^"]*)?$)/
  }
}
