import Foundation
import Testing

@Suite struct `The repository` {
  @Test func `nothing lies about outside the places that have a meaning`() throws {
    let places: Set<String> = [
      "CHANGELOG.md", "Package.swift", "Public", "README.md", "Sources", "Templates", "Tests",
      "deploy", "docs", "migrations",
    ]
    let strangers = Set(
      try Repository.knownToGit().map { String($0.prefix { $0 != "/" }) }
        .filter { !places.contains($0) && !$0.hasPrefix(".") })

    #expect(strangers.isEmpty, "move it, or ignore it")
  }

}

@Suite struct `Migrations` {
  private let numbered = Repository.files(below: "migrations")
    .filter { !$0.hasPrefix("migrations/functions/") }

  @Test func `are numbered without a gap`() {
    let names = numbered.map { $0.dropFirst("migrations/".count) }
    let numbers = names.map { Int($0.prefix(4)) }

    #expect(!names.isEmpty)
    #expect(names.filter { !String($0).matches(#"^\d{4}_[a-z0-9_]+\.sql$"#) }.isEmpty)
    #expect(numbers == Array(1...max(1, names.count)))
  }

  @Test func `say how to do it and how to undo it`() throws {
    let halves = try numbered.filter { path in
      !(try Repository.text(path)).matches(
        #"(?m)^-- migrate:up\b[\s\S]*^(?!--)\S[\s\S]*^-- migrate:down\b[\s\S]*^(?!--)\S"#)
    }

    #expect(halves.isEmpty, "needs statements below -- migrate:up and below -- migrate:down")
  }

  @Test func `make no function but the three by which something is stored`() throws {
    let made = try numbered.flatMap { path in
      try Repository.text(path).matches(
        of: #/create\s+(?:or\s+replace\s+)?(?:function|procedure)\s+(\S+?)\(/#
      )
      .map { String($0.1) }
    }

    #expect(made == ["app.fold", "app.name_key", "app.are_tags"])
  }

  @Test func `hang on tables only what the first room makes`() throws {
    let first = Set(
      Repository.files(below: "migrations/functions/first").map { "app.\(Self.name(of: $0))" })
    let others = try numbered.flatMap { path in
      try Repository.text(path).matches(of: #/execute\s+function\s+(\S+?)\(/#).map { String($0.1) }
    }.filter { !first.contains($0) }

    #expect(others.isEmpty, "its trigger stands in the file of the function")
  }

  @Test func `keep each function in the room of its feature`() {
    let features = Set(
      Repository.files(below: "Sources/CRM").map {
        $0.split(separator: "/")[2].lowercased()
      })
    let lost = Repository.files(below: "migrations/functions").filter { path in
      let parts = path.split(separator: "/").map(String.init)
      return parts.count != 4 || !(parts[2] == "first" || features.contains(parts[2]))
    }

    #expect(lost.isEmpty, "functions/FEATURE/NAME.sql, the feature being a folder of Sources/CRM")
  }

  @Test func `excuse no more than a handful of statements`() throws {
    let excuses = try numbered.flatMap { path in
      try Repository.text(path).matches(of: #/-- lint:allow/#).map { _ in path }
    }

    #expect(excuses.count < 10)
  }

  private static func name(of path: String) -> String {
    String(path.split(separator: "/").last?.dropLast(".sql".count) ?? "")
  }
}

@Suite struct `Documents` {
  private static let indexes = ["README.md", "docs/README.md", "docs/architecture.md"]

  @Test func `every document can be reached from an index`() throws {
    let linked = Set(try Self.indexes.filter(Repository.isFile).flatMap(Self.links))
    let lost = Repository.files(below: "docs").filter { $0 != "docs/README.md" }
      .filter { !linked.contains($0) }

    #expect(lost.isEmpty, "link it from \(Self.indexes.joined(separator: " or "))")
  }

  @Test func `no link leads nowhere`() throws {
    let documents =
      ["README.md", "CHANGELOG.md"].filter(Repository.isFile)
      + Repository.files(below: "docs", ending: ".md")
    let dead = try documents.flatMap { document in
      try Self.links(in: document).filter { !Repository.exists($0) }.map { "\(document): \($0)" }
    }

    #expect(dead.isEmpty)
  }

  @Test func `every decision record tells context, decision and consequences`() throws {
    let records = Repository.files(below: "docs/decisions").filter { !$0.hasSuffix("/README.md") }
    let lacking = try records.flatMap { record in
      let text = try Repository.text(record)
      return ["Context", "Decision", "Consequences"]
        .filter { !text.matches("(?m)^##+ \($0)\\s*$") }.map { "\(record): no section \($0)" }
    }

    #expect(lacking.isEmpty, "\(lacking.joined(separator: "\n"))")
  }

  /// The files of this repository that a document links to, as paths from the root.
  private static func links(in document: String) throws -> [String] {
    let folder = URL(filePath: "/\(document)").deletingLastPathComponent()
    return try Repository.text(document).matches(of: #/\]\(([^)\s#]+)/#)
      .map { String($0.1) }
      .filter { !$0.matches("^[a-z]+:") }
      .map { String(folder.appending(path: $0).standardized.path.dropFirst()) }
  }
}

@Suite struct `What the browser loads` {
  @Test func `the stylesheet stays below 32 kB and the script below 10 kB`() throws {
    let styles = try Repository.files(below: "Public", ending: ".css").map(Repository.bytes)
    let scripts = try Repository.files(below: "Public", ending: ".js").map(Repository.bytes)

    #expect((1..<32_000).contains(styles.map(\.count).reduce(0, +)))
    #expect((1..<10_000).contains(scripts.map(\.count).reduce(0, +)))
  }

  @Test func `no template carries a style or a script of its own`() throws {
    // The engine refuses them too; the content security policy would make them dead letters.
    let inline = try Repository.files(below: "Templates", ending: ".html").flatMap { path in
      try Repository.text(path).lines(
        matching: #"(?i)\sstyle\s*=|<style\b|<script\b(?![^>]*\ssrc=)|\son\w+\s*=|javascript:"#
      ).map { "\(path):\($0)" }
    }

    #expect(inline.isEmpty)
  }
}
