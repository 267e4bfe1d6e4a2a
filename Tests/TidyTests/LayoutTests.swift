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

  @Test func `migrations are numbered without a gap`() {
    let names = Repository.files(below: "migrations").map { $0.dropFirst("migrations/".count) }
    let numbers = names.map { Int($0.prefix(4)) }

    #expect(!names.isEmpty)
    #expect(names.filter { !String($0).matches(#"^\d{4}_[a-z0-9_]+\.sql$"#) }.isEmpty)
    #expect(numbers == Array(1...max(1, names.count)))
  }

  @Test func `every migration says how to do it and how to undo it`() throws {
    let halves = try Repository.files(below: "migrations", ending: ".sql").filter { path in
      !(try Repository.text(path)).matches(
        #"(?m)^-- migrate:up\b[\s\S]*^(?!--)\S[\s\S]*^-- migrate:down\b[\s\S]*^(?!--)\S"#)
    }

    #expect(halves.isEmpty, "needs statements below -- migrate:up and below -- migrate:down")
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
