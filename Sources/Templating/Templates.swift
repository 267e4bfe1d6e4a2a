import Synchronization

/// All templates, compiled for every page and every language. Threads share one.
///
/// Without `reload`, rendering touches neither the file system nor a lock. With it, a page whose
/// files changed is compiled anew before it is shown.
package final class Templates: Sendable {
  /// English first, then a language for each `locales/*.po`.
  package let languages: [Language]
  private let directory: String
  private let programs: Programs
  private let reloads: Bool
  private let fresh: Mutex<Fresh>

  fileprivate typealias Programs = [ObjectIdentifier: [Program]]

  /// The state of the files at the last look, and what was compiled since.
  fileprivate struct Fresh: Sendable {
    var files: [FileStamp]
    var library: Library
    var programs: Programs
  }

  /// Loads `*.html` and `locales/*.po` below `directory` and compiles every page.
  ///
  /// - Throws: every mistake of every file, page and language together, and templates that no page
  ///   names (those whose name begins with "_" are parts of pages).
  package init(
    directory: String, pages: [any Page.Type], reload: Bool = false
  ) throws(TemplateErrors) {
    let files = try Self.files(below: directory)
    let library = try Library(directory: directory, files: files)
    self.directory = directory
    languages = library.languages
    programs = try Self.compile(pages, library)
    reloads = reload
    fresh = Mutex(Fresh(files: files, library: library, programs: programs))
  }

  package func language(_ code: String) -> Language? { languages.first { $0.code == code } }

  /// Appends the page to `buffer`.
  ///
  /// - Throws: when the page was not given to `init`, or a file changed and has a mistake now.
  package func render<P: Page>(
    _ page: P, in language: Language, into buffer: inout ByteBuffer
  ) throws(TemplateErrors) {
    try program(for: P.self, language).run(page, into: &buffer)
  }

  package func render<P: Page>(_ page: P, in language: Language) throws(TemplateErrors) -> [UInt8] {
    var buffer = ByteBuffer()
    try render(page, in: language, into: &buffer)
    return buffer.bytes
  }

  private func program<P: Page>(
    for page: P.Type, _ language: Language
  ) throws(TemplateErrors) -> Program {
    let all = try reloads ? freshPrograms(for: page) : programs[ObjectIdentifier(page)]
    guard let program = all?.first(where: { $0.language == language }) else {
      throw TemplateErrors([
        TemplateError(
          file: P.template, line: 1,
          message: "\(page) in '\(language.code)' is not among the pages that were compiled")
      ])
    }
    return program
  }
}

// MARK: - Checking

extension Templates {
  fileprivate static func files(below directory: String) throws(TemplateErrors) -> [FileStamp] {
    do throws(TemplateError) {
      return try Files.below(directory, endings: Library.endings)
    } catch { throw TemplateErrors([error]) }
  }

  private static func compile(
    _ pages: [any Page.Type], _ library: Library
  ) throws(TemplateErrors) -> Programs {
    var errors = library.errors + unused(in: library, by: pages)
    var programs: Programs = [:]
    for page in pages {
      do throws(TemplateErrors) {
        programs[ObjectIdentifier(page)] = try compile(page, library)
      } catch { errors += error.all }
    }
    if !errors.isEmpty { throw TemplateErrors(errors) }
    return programs
  }

  fileprivate static func compile(
    _ page: any Page.Type, _ library: Library
  ) throws(TemplateErrors) -> [Program] {
    var errors: [TemplateError] = []
    var programs: [Program] = []
    for language in library.languages {
      do throws(TemplateErrors) {
        programs.append(try Compiler.compile(page, library, language))
      } catch { errors += error.all }
    }
    if !errors.isEmpty { throw TemplateErrors(errors) }
    return programs
  }

  private static func unused(in library: Library, by pages: [any Page.Type]) -> [TemplateError] {
    let used = Set(pages.map { $0.template })
    return library.templates.compactMap { name, template in
      if used.contains(name) || isPart(name) { return nil }
      return TemplateError(
        file: template.file, line: 1,
        message: "no page names this template; a part of pages begins with '_'")
    }
  }

  private static func isPart(_ name: String) -> Bool {
    let file = name.utf8.split(separator: UInt8(ascii: "/")).last
    return file?.first == UInt8(ascii: "_")
  }
}

// MARK: - Reloading

extension Templates {
  private func freshPrograms<P: Page>(for page: P.Type) throws(TemplateErrors) -> [Program]? {
    guard programs[ObjectIdentifier(page)] != nil else { return nil }
    let directory = directory
    let result = fresh.withLock { fresh in
      Result { () throws(TemplateErrors) in try fresh.current(page, directory) }
    }
    return try result.get()
  }
}

extension Templates.Fresh {
  /// Only the page that is asked for is compiled, so a mistake in one leaves the others standing.
  mutating func current(
    _ page: any Page.Type, _ directory: String
  ) throws(TemplateErrors) -> [Program] {
    let now = try Templates.files(below: directory)
    if now != files {
      library = try Library(directory: directory, files: now)
      files = now
      programs = [:]
    }
    if let known = programs[ObjectIdentifier(page)] { return known }
    let compiled = try Templates.compile(page, library)
    programs[ObjectIdentifier(page)] = compiled
    return compiled
  }
}
