@testable import Templating

struct Person: Templated {
  var name = "Ada"
  var email: String? = nil
  var friends: [Person] = []
  static let keys = Keys<Person>()
    .text("name", \.name).text("email", \.email).list("friends", \.friends)
}

struct Company: Templated {
  var title = "Analytical Engines"
  var owner: Person? = Person()
  static let keys = Keys<Company>().text("title", \.title).object("owner", \.owner)
}

struct Frame: Templated {
  var user = "Grace"
  static let keys = Keys<Frame>().text("user", \.user)
}

/// A page with a key of every kind, shown by the template "page".
struct Sample: Page {
  static let template = "page"
  var frame = Frame()
  var text = "text"
  var empty = ""
  var note: String? = nil
  var count = 0
  var phrase = L("Waiting for review")
  var html = HTML(safe: "<b>safe</b>")
  var yes = true
  var no = false
  var people: [Person] = [Person(name: "Ada"), Person(name: "Bob")]
  var nobody: [Person] = []
  var tags = ["x", "y"]
  var company = Company()
  var missing: Person? = nil

  static let keys = Keys<Sample>()
    .include(\.frame)
    .text("text", \.text).text("empty", \.empty).text("note", \.note).text("count", \.count)
    .text("phrase", \.phrase).text("shout") { $0.text + "!" }
    .html("html", \.html)
    .flag("yes", \.yes).flag("no", \.no).flag("many") { $0.people.count > 1 }
    .list("people", \.people).list("nobody", \.nobody).list("tags", \.tags)
    .object("company", \.company).object("missing", \.missing)
    .object("first") { $0.people.first }
}

/// The page rendered from `template`, with `others` by name beside it.
func rendered(
  _ template: String, _ page: Sample = Sample(), others: [String: String] = [:],
  language: Language = .english
) throws -> String {
  let sources = others.merging(["page": template]) { one, _ in one }
  let program = try Compiler.compile(Sample.self, Library(sources), language)
  var buffer = ByteBuffer()
  program.run(page, into: &buffer)
  return buffer.string
}

/// What is wrong with `template`, one line for each mistake.
func mistakes(
  _ template: String, others: [String: String] = [:], language: Language = .english
) -> [String] {
  do {
    _ = try rendered(template, others: others, language: language)
    return []
  } catch let errors as TemplateErrors {
    return errors.all.map(\.description)
  } catch {
    return ["\(error)"]
  }
}

func french(_ entries: String) throws -> Language {
  let header = #"""
    msgid ""
    msgstr "Plural-Forms: nplurals=2; plural=(n > 1);\n"


    """#
  return Language(
    try Catalogue(code: "fr", file: "fr.po", source: Array((header + entries).utf8)))
}
