import Glibc
import Testing

@testable import Templating

/// A directory of templates that goes away with the test.
final class TemplateFolder {
  let path: String

  init(_ files: [String: String]) throws {
    var name = Array("/tmp/templates-XXXXXX".utf8CString)
    path = String(cString: try #require(mkdtemp(&name)))
    for (file, text) in files { try write(file, text) }
  }

  func write(_ file: String, _ text: String) throws {
    try write(file, Array(text.utf8))
  }

  func write(_ file: String, _ bytes: [UInt8]) throws {
    var folder = path
    for part in file.split(separator: "/").dropLast() {
      folder += "/\(part)"
      mkdir(folder, 0o755)
    }
    let stream = try #require(fopen("\(path)/\(file)", "wb"))
    fwrite(bytes, 1, bytes.count, stream)
    fclose(stream)
  }

  deinit { remove(path) }

  private func remove(_ path: String) {
    if let stream = opendir(path) {
      while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
          String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
        }
        if name != ".", name != ".." { remove("\(path)/\(name)") }
      }
      closedir(stream)
    }
    Glibc.remove(path)
  }
}

struct Hello: Page {
  static let template = "hello/show"
  let name: String
  static let keys = Keys<Hello>().text("name", \.name)
}

struct Bye: Page {
  static let template = "bye"
  static let keys = Keys<Bye>()
}

@Suite struct `Templates of a directory` {
  private static let files = [
    "hello/show.html": "{{>_name}}, {{#_}}hello{{/_}}", "hello/_name.html": "{{name}}",
    "locales/fr.po": "msgid \"hello\"\nmsgstr \"bonjour\"",
  ]

  private func text(_ templates: Templates, _ code: String = "en") throws -> String {
    let language = try #require(templates.language(code))
    return String(decoding: try templates.render(Hello(name: "Ada"), in: language), as: UTF8.self)
  }

  @Test func `a page is shown in every language there is`() throws {
    let folder = try TemplateFolder(Self.files)
    let templates = try Templates(directory: folder.path, pages: [Hello.self])
    #expect(templates.languages.map(\.code) == ["en", "fr"])
    #expect(try text(templates) == "Ada, hello")
    #expect(try text(templates, "fr") == "Ada, bonjour")
    #expect(templates.language("de") == nil)
  }

  @Test func `rendering appends to the buffer`() throws {
    let folder = try TemplateFolder(Self.files)
    let templates = try Templates(directory: folder.path, pages: [Hello.self])
    var buffer = ByteBuffer()
    buffer.append("> ")
    try templates.render(Hello(name: "Ada"), in: .english, into: &buffer)
    #expect(buffer.string == "> Ada, hello")
  }

  @Test func `the start tells everything that is wrong, once`() throws {
    let folder = try TemplateFolder([
      "hello/show.html": "\n{{nmae}}", "left.html": "", "_part.html": "{{/x}}", "locales/fr.po": "",
    ])
    let d = folder.path
    #expect(
      throws: TemplateErrors([
        TemplateError(
          file: "\(d)/hello/show.html", line: 2, message: "no key 'nmae'; Hello has: name"),
        TemplateError(
          file: "\(d)/left.html", line: 1,
          message: "no page names this template; a part of pages begins with '_'"),
        TemplateError(file: "\(d)/_part.html", line: 1, message: "{{/x}} closes nothing"),
        TemplateError(file: "bye.html", line: 1, message: "Bye names this template; no such file"),
      ])
    ) { try Templates(directory: d, pages: [Hello.self, Bye.self]) }
  }

  @Test func `a bad catalogue, encoding or directory stops the start`() throws {
    let folder = try TemplateFolder(["bye.html": "", "locales/fr.po": "nonsense"])
    let d = folder.path
    #expect(
      throws: TemplateErrors([
        TemplateError(
          file: "\(d)/locales/fr.po", line: 1, message: "'nonsense' is no keyword of a .po file")
      ])
    ) { try Templates(directory: d, pages: [Bye.self]) }
    try folder.write("locales/fr.po", [])
    try folder.write("bye.html", [0x61, 0xFF])
    #expect(
      throws: TemplateErrors([
        TemplateError(file: "\(d)/bye.html", line: 1, message: "the file is not UTF-8")
      ])
    ) { try Templates(directory: d, pages: [Bye.self]) }
    #expect(
      throws: TemplateErrors([
        TemplateError(file: "\(d)/none", line: 1, message: "No such file or directory")
      ])
    ) { try Templates(directory: "\(d)/none", pages: []) }
  }

  @Test func `a page that was not compiled is refused`() throws {
    let folder = try TemplateFolder(Self.files)
    let templates = try Templates(directory: folder.path, pages: [Hello.self])
    #expect(throws: TemplateErrors.self) { try templates.render(Bye(), in: .english) }
  }

  @Test func `with reload a changed template, partial or catalogue shows at once`() throws {
    let folder = try TemplateFolder(Self.files)
    let templates = try Templates(directory: folder.path, pages: [Hello.self], reload: true)
    #expect(try text(templates) == "Ada, hello")
    try folder.write("hello/_name.html", "Dear {{name}}")
    #expect(try text(templates) == "Dear Ada, hello")
    try folder.write("locales/fr.po", "msgid \"hello\"\nmsgstr \"salut\"\n")
    #expect(try text(templates, "fr") == "Dear Ada, salut")
  }

  @Test func `with reload a mistake is told until it is mended`() throws {
    let folder = try TemplateFolder(Self.files)
    let templates = try Templates(directory: folder.path, pages: [Hello.self], reload: true)
    try folder.write("hello/_name.html", "\n\n{{nmae}}")
    let expected = TemplateErrors([
      TemplateError(
        file: "\(folder.path)/hello/_name.html", line: 3, message: "no key 'nmae'; Hello has: name")
    ])
    #expect(throws: expected) { try text(templates) }
    #expect(throws: expected) { try text(templates) }
    try folder.write("hello/_name.html", "{{name}}!")
    #expect(try text(templates) == "Ada!, hello")
  }

  @Test func `without reload the files may be gone`() throws {
    var folder: TemplateFolder? = try TemplateFolder(Self.files)
    let templates = try Templates(directory: try #require(folder).path, pages: [Hello.self])
    folder = nil
    #expect(try text(templates) == "Ada, hello")
  }

  @Test(arguments: [false, true])
  func `many threads share one set of programs`(reload: Bool) async throws {
    let folder = try TemplateFolder(Self.files)
    let templates = try Templates(directory: folder.path, pages: [Hello.self], reload: reload)
    let pages = try await withThrowingTaskGroup(of: [UInt8].self) { group in
      for number in 0..<200 {
        group.addTask { try templates.render(Hello(name: "\(number)"), in: .english) }
      }
      return try await group.reduce(into: Set<[UInt8]>()) { $0.insert($1) }
    }
    #expect(pages == Set((0..<200).map { Array("\($0), hello".utf8) }))
  }

  @Test func `texts to translate are found in every file`() throws {
    let folder = try TemplateFolder([
      "a.html": "{{<_l}}{{$b}}{{#no}}\n{{#_}}One{{/_}}{{/no}}{{/b}}{{/_l}}",
      "_l.html": "{{$b}}{{#_}}Two{{/_}}{{/b}}",
      "A.swift": "L(\"Three\")",
    ])
    let d = folder.path
    let uses = try Extraction.templates(below: d) + Extraction.swiftFiles(below: d)
    #expect(
      uses.map(\.description) == [
        "\(d)/_l.html:1: Two", "\(d)/a.html:2: One", "\(d)/A.swift:1: Three",
      ])
  }
}
