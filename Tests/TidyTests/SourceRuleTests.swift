import Testing

@Suite struct `Swift sources` {
  private let sources: [SwiftSource]

  init() throws { sources = try Repository.sources.get() }

  @Test func `an error that is dropped has its reason beside it`() throws {
    let bare = try sources.flatMap { source in
      try source.offences(#"\btry\?"#) { !source.isCommented($0) }
    }

    #expect(bare.isEmpty, "say why absence is the meaning:\n\(bare.joined(separator: "\n"))")
  }

  @Test func `what switches a check off has its reason beside it`() throws {
    let bare = try sources.flatMap { source in
      try source.offences(
        #"\btry!|\bfatalError\(|@unchecked\s+Sendable|\bnonisolated\(unsafe\)"#
      ) { !source.isCommented($0) }
    }

    #expect(bare.isEmpty, "say why it cannot go wrong:\n\(bare.joined(separator: "\n"))")
  }

  @Test func `only the command prints`() throws {
    let printing = try sources.filter { !$0.path.hasPrefix("Sources/closerflow/") }
      .flatMap { try $0.offences(#"(?<![\w.])(print|debugPrint|dump)\("#) }

    #expect(printing.isEmpty, "log it:\n\(printing.joined(separator: "\n"))")
  }

  @Test func `full Foundation is not imported`() throws {
    let imports = try sources.flatMap { source in
      try source.offences(
        #"^[^\n]*\bimport\s+(\w+\s+)?Foundation(Networking|XML|Internationalization)?\b"#)
    }

    #expect(
      imports.isEmpty, "it costs 30 MB and start-up time:\n\(imports.joined(separator: "\n"))")
  }

  @Test func `pages hold no SQL`() throws {
    let web = sources.filter { $0.path.hasPrefix("Sources/Web/") }
    // Keywords are wholly lower or wholly upper case, "Select … from the list" is a sentence.
    let statement =
      #"\b(select|SELECT)\b[\s\S]*\b(from|FROM)\b|^\s*(select|SELECT)\s"#
      + #"|\b(insert|INSERT)\s+(into|INTO)\b|\b(delete|DELETE)\s+(from|FROM)\b"#
      + #"|\b(update|UPDATE)\s+\S+\s+(set|SET)\b|\b(on|ON)\s+(conflict|CONFLICT)\b"#
      + #"|\b(create|alter|drop|CREATE|ALTER|DROP)\s+(table|function|view|TABLE|FUNCTION|VIEW)\b"#
    let texts = web.flatMap { source in
      source.literals.filter { $0.text.matches(statement) }
        .map { "\(source.path):\($0.line): \($0.text)" }
    }
    let types = try web.flatMap { try $0.offences(#"\bSQL\b"#) }

    #expect(
      (texts + types).isEmpty, "it belongs to CRM:\n\((texts + types).joined(separator: "\n"))")
  }

  @Test func `only the migrator runs text that is not checked as SQL`() throws {
    let unchecked = try sources.filter { !$0.path.hasPrefix("Sources/Postgres/Migrat") }
      .flatMap { try $0.offences(#"(\bSQL|\.init)\(\s*unchecked:"#) }

    #expect(unchecked.isEmpty, "bind the values:\n\(unchecked.joined(separator: "\n"))")
  }
}

/// Rules with known exceptions. A list may only become shorter.
@Suite struct `Ratchets` {
  /// Files longer than 300 lines, and how long they may be.
  private let longFiles: [String: Int] = [:]

  @Test func `no source file grows beyond 300 lines`() throws {
    let long = try Repository.sources.get().filter { $0.lineCount > 300 }
    let tooLong = long.filter { $0.lineCount > longFiles[$0.path, default: 300] }
      .map { "\($0.path): \($0.lineCount)" }
    let stale = Set(longFiles.keys).subtracting(long.map(\.path))

    #expect(tooLong.isEmpty, "a second noun wants a file of its own")
    #expect(stale.isEmpty, "no longer long: take it off the list")
  }

  /// Where bytes are judged: "\r\n" is one Character, and `"` with a combining mark behind it is
  /// another Character than `"`.
  private let byteWise = ["HTTP", "Mail", "Markdown", "Secrets", "Templating"]

  private let harmless = [
    "Sources/Secrets/CommonPasswords.swift: private static let words = Set(list.split { $0 == \" \" || $0 == \"\\n\" })":
      "splits a list that is written in that file",
    "Sources/Templating/Catalogue.swift: let lines = header.split(separator: \"\\n\").map { Array($0.utf8) }":
      "the header of our own catalogue; one in another format has no plural rule and is refused",
    "Sources/Templating/Compiler+Names.swift: let parts = tag.name.split(separator: \".\", omittingEmptySubsequences: false).map(String.init)":
      "names in our own templates; a misread name is an unknown name and is refused",
  ]

  @Test func `text from outside is judged byte by byte`() throws {
    let literal = ##"#*"[^"]+"#*(?!\.utf8|\.unicodeScalars|#)"##
    let characterWise =
      #"\.(contains|hasPrefix|hasSuffix|trimmingPrefix|replacing)\(\s*"# + literal
      + #"|\.(?!joined\b)\w+\((separator|of|with|by|where):\s*"# + literal
      + ##"|\$0\s*[!=]=\s*""##
    let sites = try Repository.sources.get()
      .filter { source in byteWise.contains { source.path.hasPrefix("Sources/\($0)/") } }
      .flatMap { try $0.sites(characterWise) }
    let new = Set(sites).subtracting(harmless.keys).sorted()
    let stale = Set(harmless.keys).subtracting(sites).sorted()

    #expect(new.isEmpty, "compare .utf8:\n\(new.joined(separator: "\n"))")
    #expect(stale.isEmpty, "gone: take it off the list\n\(stale.joined(separator: "\n"))")
  }
}

@Suite struct `The eye of these rules` {
  private let source = SwiftSource(
    path: "Sample.swift",
    Array(
      #"""
      let a = "try? \(try? read("x")) // no comment" // why
      /* fatalError( /* nested */ print( */ let b = #"raw \ " print("#
      let c = """
        select \(name)
        """
      try? close()
      """#.utf8))

  @Test func `it tells code from comments and literals`() throws {
    #expect(try source.code.lines(matching: #"try\?"#) == [1, 6])
    #expect(try source.code.lines(matching: "print|fatalError|select") == [])
    #expect(source.literals.map(\.line) == [1, 1, 2, 3])
    #expect(source.literals[2].text == #"raw \ " print("#)
  }

  @Test func `it sees the comment on the line or the line above`() {
    #expect([1, 2, 3, 6].map(source.isCommented) == [true, true, true, false])
  }
}
