import Testing

@testable import Templating

@Suite struct `Variables` {
  @Test func `a variable is escaped`() throws {
    let page = Sample(text: "& < > \" '")
    #expect(try rendered("{{text}}", page) == "&amp; &lt; &gt; &quot; &#39;")
  }

  @Test func `both raw spellings write HTML as it is`() throws {
    #expect(
      try rendered("{{{html}}} {{&html}} {{& html }}") == "<b>safe</b> <b>safe</b> <b>safe</b>")
  }

  @Test func `white space inside a tag means nothing`() throws {
    #expect(try rendered("|{{ text }}|{{{ html }}}|") == "|text|<b>safe</b>|")
  }

  @Test func `white space around a variable stays`() throws {
    #expect(try rendered("  {{text}}\n") == "  text\n")
  }

  @Test func `numbers, missing texts, phrases and computed texts are texts`() throws {
    #expect(
      try rendered("{{count}}|{{note}}|{{phrase}}|{{shout}}", Sample(count: -42))
        == "-42||Waiting for review|text!")
  }

  @Test func `a dotted name reaches into objects`() throws {
    #expect(try rendered("{{company.title}}, {{company.owner.name}}") == "Analytical Engines, Ada")
  }

  @Test func `a dotted name through a missing object is empty`() throws {
    let page = Sample(company: Company(owner: nil))
    #expect(try rendered("[{{company.owner.name}}{{missing.name}}]", page) == "[]")
  }

  @Test func `an included part lends its names`() throws {
    #expect(try rendered("{{user}}") == "Grace")
  }

  @Test func `a text that looks like a tag stays text`() throws {
    #expect(try rendered("{{text}}", Sample(text: "{{no}}")) == "{{no}}")
  }
}

@Suite struct `Sections` {
  @Test func `a flag shows or hides`() throws {
    #expect(try rendered("{{#yes}}a{{/yes}}{{#no}}b{{/no}}{{#many}}c{{/many}}") == "ac")
    #expect(try rendered("{{^yes}}a{{/yes}}{{^no}}b{{/no}}{{^many}}c{{/many}}") == "b")
  }

  @Test func `a list repeats, and its absence shows the inverted section`() throws {
    #expect(
      try rendered("{{#people}}({{name}}){{/people}}{{^people}}none{{/people}}") == "(Ada)(Bob)")
    #expect(try rendered("{{#nobody}}({{name}}){{/nobody}}{{^nobody}}none{{/nobody}}") == "none")
  }

  @Test func `an inner scope sees outer names, and its own first`() throws {
    let page = Sample(people: [Person(friends: [Person(name: "Eve")])])
    #expect(
      try rendered(
        "{{#people}}{{text}} {{name}}{{#friends}} {{name}} {{user}}{{/friends}}{{/people}}", page)
        == "text Ada Eve Grace")
  }

  @Test func `the same list may be open twice`() throws {
    #expect(
      try rendered("{{#people}}{{name}}:{{#people}}{{name}}{{/people}} {{/people}}")
        == "Ada:AdaBob Bob:AdaBob ")
  }

  @Test func `an object opens its names when it is there`() throws {
    #expect(
      try rendered("{{#company}}{{title}}{{#owner}} by {{name}}{{/owner}}{{/company}}")
        == "Analytical Engines by Ada")
    #expect(
      try rendered("{{#missing}}{{name}}{{/missing}}{{^missing}}nobody{{/missing}}") == "nobody")
    #expect(try rendered("{{#first}}{{name}}{{/first}}") == "Ada")
  }

  @Test func `a dotted section and its inverse follow objects that may be missing`() throws {
    let template =
      "{{#company.owner.friends}}{{name}}{{/company.owner.friends}}{{^company.owner.friends}}alone{{/company.owner.friends}}"
    let owner = Person(friends: [Person(name: "Eve")])
    #expect(try rendered(template, Sample(company: Company(owner: owner))) == "Eve")
    #expect(try rendered(template, Sample(company: Company(owner: Person()))) == "alone")
    #expect(try rendered(template, Sample(company: Company(owner: nil))) == "alone")
  }

  @Test func `a text opens when it is not empty, and the point means it`() throws {
    #expect(
      try rendered("{{#text}}[{{.}}]{{/text}}{{#empty}}no{{/empty}}{{^empty}}yes{{/empty}}")
        == "[text]yes")
    #expect(try rendered("{{#note}}[{{.}}]{{/note}}", Sample(note: "<n>")) == "[&lt;n&gt;]")
  }

  @Test func `a count of zero is empty`() throws {
    #expect(try rendered("{{#count}}({{.}}){{/count}}", Sample(count: 0)) == "")
    #expect(try rendered("{{#count}}({{.}}){{/count}}", Sample(count: 7)) == "(7)")
  }

  @Test func `the point means the element of a list of texts`() throws {
    #expect(try rendered("{{#tags}}{{.}},{{/tags}}", Sample(tags: ["a", "<"])) == "a,&lt;,")
  }

  @Test func `sections nest`() throws {
    #expect(
      try rendered("|{{#yes}}a{{#no}}b{{/no}}{{^no}}c{{#yes}}d{{/yes}}{{/no}}e{{/yes}}|")
        == "|acde|")
  }

  @Test func `a hidden outer section hides the inner one`() throws {
    #expect(try rendered("|{{#no}}{{#yes}}x{{/yes}}{{/no}}|") == "||")
  }
}

@Suite struct `Standalone lines` {
  @Test func `a section tag alone on a line takes the line with it`() throws {
    #expect(
      try rendered("|\n| This\n  {{#yes}}\n|\n  {{/yes}}\n| A Line\n") == "|\n| This\n|\n| A Line\n"
    )
    #expect(try rendered("| This\n{{^no}}\n|\n{{/no}}\n| A") == "| This\n|\n| A")
  }

  @Test func `the ends of the file end a line too`() throws {
    #expect(try rendered("  {{#yes}}\n#{{/yes}}\n/") == "#\n/")
    #expect(try rendered("#{{#yes}}\n/\n  {{/yes}}") == "#\n/\n")
  }

  @Test func `carriage returns go with the line`() throws {
    #expect(try rendered("|\r\n{{#yes}}\r\n{{/yes}}\r\n|") == "|\r\n|")
    #expect(try rendered("|\r\n{{! note }}\r\n|") == "|\r\n|")
  }

  @Test func `two tags on a line leave it alone`() throws {
    #expect(try rendered(" {{#yes}}YES{{/yes}}\n {{#yes}}GOOD{{/yes}}\n") == " YES\n GOOD\n")
    #expect(try rendered(" | {{#yes}}\t|\t{{/yes}} | \n") == " | \t|\t | \n")
    #expect(try rendered("{{#yes}} {{/yes}}\n") == " \n")
  }

  @Test func `a variable never takes its line`() throws {
    #expect(try rendered("a\n {{text}} \nb") == "a\n text \nb")
  }
}

@Suite struct `Comments` {
  @Test func `comments vanish, with their line when it is theirs`() throws {
    #expect(try rendered("12345{{! Comment }}67890") == "1234567890")
    #expect(try rendered("Begin.\n  {{! Comment }}\nEnd.\n") == "Begin.\nEnd.\n")
    #expect(try rendered("Begin.\n{{!\n#{x} =\n}}\nEnd.\n") == "Begin.\nEnd.\n")
    #expect(try rendered("  12 {{! 34 }}\n") == "  12 \n")
  }

  @Test func `a comment may hold what is no name`() throws {
    #expect(try rendered("a{{!$%^&* }}b") == "ab")
  }
}

@Suite struct `Partials` {
  @Test func `a partial sees the names of the place where it stands`() throws {
    #expect(
      try rendered("{{#people}}{{> _row}}{{/people}}", others: ["_row": "*{{name}} {{user}}*"])
        == "*Ada Grace**Bob Grace*")
  }

  @Test func `a partial inside a line leaves the line as it is`() throws {
    #expect(try rendered("| {{> _p}} |", others: ["_p": "\t|\t"]) == "| \t|\t |")
    #expect(try rendered("  {{text}}  {{> _p}}\n", others: ["_p": ">\n>"]) == "  text  >\n>\n")
  }

  @Test func `a partial alone on a line moves every line of its text, not of its data`() throws {
    #expect(
      try rendered("\\\n {{>_p}}\n/\n", Sample(text: "<\n-"), others: ["_p": "|\n{{text}}\n|\n"])
        == "\\\n |\n &lt;\n-\n |\n/\n")
    #expect(try rendered("!\n  {{>_p}}", others: ["_p": ">\n>"]) == "!\n  >\n  >")
    #expect(try rendered("|\r\n{{>_p}}\r\n|", others: ["_p": ">"]) == "|\r\n>|")
  }

  @Test func `a name without a folder is looked for beside the file first`() throws {
    let others = ["leads/_row": "{{>_cell}}", "leads/_cell": "near", "_cell": "far", "_top": "top"]
    #expect(try rendered("{{>leads/_row}} {{>_cell}} {{>_top}}", others: others) == "near far top")
  }
}

@Suite struct `Layouts` {
  @Test func `a block has a default`() throws {
    #expect(try rendered("{{$title}}Default {{text}}{{/title}}") == "Default text")
  }

  @Test func `a page fills the blocks of its layout`() throws {
    #expect(
      try rendered(
        "{{<layouts/_site}}\n{{$title}}Leads{{/title}}\n{{/layouts/_site}}\n",
        others: ["layouts/_site": "<h1>{{$title}}None{{/title}}</h1>{{$body}}empty{{/body}}"])
        == "<h1>Leads</h1>empty")
  }

  @Test func `two uses of a layout are filled apart`() throws {
    #expect(
      try rendered(
        "test {{<_p}}{{$b}}one{{/b}}{{/_p}} {{<_p}}{{$b}}two{{/b}}{{/_p}} {{<_p}}{{/_p}}",
        others: ["_p": "|{{$b}}default{{/b}}|"]) == "test |one| |two| |default|")
  }

  @Test func `a layout's own use as a partial shows its defaults`() throws {
    #expect(
      try rendered("{{>_p}}|{{<_p}}{{/_p}}", others: ["_p": "{{$b}}default{{/b}}"])
        == "default|default")
  }

  @Test func `data does not fill a block`() throws {
    #expect(
      try rendered("{{<_p}}{{/_p}}", others: ["_p": "{{$text}}default{{/text}}"]) == "default")
  }

  @Test func `line ends of a block stay`() throws {
    #expect(
      try rendered(
        "{{<_p}}\n{{$b}}\npeaked\n\n:(\n{{/b}}\n{{/_p}}\n", others: ["_p": "{{$b}}peaking{{/b}}"])
        == "peaked\n\n:(\n")
  }

  @Test func `a block keeps the place of the hole in its line`() throws {
    #expect(
      try rendered(
        "{{<_p}}{{$b}}hammer{{/b}}{{/_p}}", others: ["_p": "stop:\n  {{$b}}listen{{/b}}\n"])
        == "stop:\n  hammer\n")
  }

  @Test func `a layout alone on a line moves its text`() throws {
    #expect(
      try rendered("Hi,\n  {{<_p}}{{/_p}}\n", others: ["_p": "one\ntwo\n"]) == "Hi,\n  one\n  two\n"
    )
  }

  @Test func `the innermost page wins over the layouts between`() throws {
    let others = [
      "_parent": "{{<_older}}{{$a}}p{{/a}}{{/_older}}",
      "_older": "{{<_oldest}}{{$a}}o{{/a}}{{/_oldest}}",
      "_oldest": "{{$a}}g{{/a}}",
    ]
    #expect(try rendered("{{<_parent}}{{$a}}c{{/a}}{{/_parent}}", others: others) == "c")
    #expect(try rendered("{{<_parent}}{{/_parent}}", others: others) == "p")
  }

  @Test func `a page reaches a block that only the outermost layout has`() throws {
    let others = [
      "_middle": "{{<_outer}}{{$body}}[{{$inner}}{{/inner}}]{{/body}}{{/_outer}}",
      "_outer": "{{$title}}none{{/title}} {{$body}}{{/body}}",
    ]
    #expect(
      try rendered(
        "{{<_middle}}{{$title}}T{{/title}}{{$inner}}I{{/inner}}{{/_middle}}", others: others)
        == "T [I]")
  }

  @Test func `a block sees the names of the hole it fills`() throws {
    #expect(
      try rendered(
        "{{<_p}}{{$b}}I say {{name}}. {{/b}}{{/_p}}",
        others: ["_p": "{{#people}}{{$b}}You say {{text}}{{/b}}{{/people}}"])
        == "I say Ada. I say Bob. ")
  }

  @Test func `a card inside the content keeps its own title`() throws {
    let others = [
      "_site": "<{{$title}}site{{/title}}>{{$content}}{{/content}}",
      "_card": "({{$title}}card{{/title}})",
    ]
    #expect(
      try rendered(
        "{{<_site}}{{$title}}page{{/title}}{{$content}}{{<_card}}{{/_card}}{{/content}}{{/_site}}",
        others: others) == "<page>(card)")
  }

  @Test func `a block looks for its partials beside the page`() throws {
    #expect(
      try rendered(
        "{{<layouts/_site}}{{$b}}{{>_row}}{{/b}}{{/layouts/_site}}",
        others: ["layouts/_site": "{{$b}}{{/b}}", "layouts/_row": "layout's", "_row": "page's"])
        == "page's")
  }

  @Test func `partials of a layout have blocks too`() throws {
    #expect(
      try rendered(
        "{{<_site}}{{$title}}T{{/title}}{{/_site}}",
        others: ["_site": "{{>_head}}", "_head": "{{$title}}{{/title}}"]) == "T")
  }
}
