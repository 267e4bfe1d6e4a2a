/// Reads a migration for statements that endanger a running system.
///
/// Tables and other objects created in the same file are free of most rules: nobody uses them yet.
package struct MigrationLint {
  private let file: MigrationFile
  private let created: [String]
  private var findings: [MigrationFinding] = []

  package static func findings(in file: MigrationFile) -> [MigrationFinding] {
    var lint = MigrationLint(file)
    lint.check(file.up)
    if let down = file.down { lint.checkDown(down) }
    return lint.findings
  }

  private init(_ file: MigrationFile) {
    self.file = file
    created = SQLStatement.all(in: file.up.text).compactMap { Words($0.tokens).createdName() }
  }

  private mutating func check(_ section: MigrationFile.Section) {
    let statements = SQLStatement.all(in: section.text)
    if !section.isTransactional, statements.count != 1 {
      report(.oneStatement, at: statements.dropFirst().first?.line ?? 1, in: section)
    }
    for statement in statements {
      var broken = rules(brokenBy: statement)
      if isUnrepeatable(statement, in: section) { broken.append(.rerun) }
      if section.isTransactional, statement.isConcurrent { broken.append(.concurrently) }
      settle(broken, statement, in: section)
    }
  }

  /// Going down drops by its nature; what it would lose is asked at the time.
  private mutating func checkDown(_ section: MigrationFile.Section) {
    let statements = SQLStatement.all(in: section.text)
    if !section.isTransactional, statements.count != 1 {
      report(.oneStatement, at: statements.dropFirst().first?.line ?? 1, in: section)
    }
    for statement in statements {
      let words = Words(statement.tokens)
      if words.changesSession { report(.session, at: statement.line, in: section) }
      if words.starts("copy") { report(.copy, at: statement.line, in: section) }
    }
  }

  /// Reports what no comment allows, and comments that allow nothing.
  private mutating func settle(
    _ broken: [MigrationRule], _ statement: SQLStatement, in section: MigrationFile.Section
  ) {
    var allowed: Set<MigrationRule> = []
    for comment in statement.comments where comment.isLintComment {
      guard let rule = comment.allowedRule, broken.contains(rule) else {
        report(.lint, at: comment.line, in: section)
        continue
      }
      allowed.insert(rule)
    }
    for rule in MigrationRule.allCases where broken.contains(rule) && !allowed.contains(rule) {
      report(rule, at: statement.line, in: section)
    }
  }

  private mutating func report(
    _ rule: MigrationRule, at line: Int, in section: MigrationFile.Section
  ) {
    findings.append(
      MigrationFinding(
        place: "\(file.fileName):\(section.firstLine + line - 1)", rule: rule.rawValue,
        text: rule.explanation))
  }

  private func isNew(_ name: String) -> Bool { created.contains { isSame(name, $0) } }
}

/// An unqualified name means any schema's.
private func isSame(_ one: String, _ other: String) -> Bool {
  let (one, other) = (one.split(separator: "."), other.split(separator: "."))
  return one.count == other.count ? one == other : one.last == other.last
}

extension SQLStatement {
  fileprivate var isConcurrent: Bool {
    [.word("create"), .word("drop"), .word("reindex")].contains(tokens.first)
      && tokens.contains(.word("concurrently"))
  }
}

extension SQLStatement.Comment {
  private static let mark = "lint:allow"

  var isLintComment: Bool { trimmed.utf8.starts(with: Self.mark.utf8) }

  /// The rule of `lint:allow RULE: reason`; nil without a reason, or for a rule without excuse.
  var allowedRule: MigrationRule? {
    let parts = trimmed.utf8.dropFirst(Self.mark.utf8.count)
      .split(separator: UInt8(ascii: ":"), maxSplits: 1).map { Substring($0).split(separator: " ") }
    guard parts.count == 2, parts[0].count == 1, !parts[1].isEmpty else { return nil }
    return MigrationRule(rawValue: String(parts[0][0])).flatMap { $0.mayBeAllowed ? $0 : nil }
  }

  private var trimmed: Substring { Substring(text.utf8.drop { $0 == UInt8(ascii: " ") }) }
}

// MARK: - The rules

extension MigrationLint {
  private func rules(brokenBy statement: SQLStatement) -> [MigrationRule] {
    var words = Words(statement.tokens)
    if words.changesSession { return [.session] }
    switch words.next() {
    case "drop": return dropped(&words)
    case "truncate": return truncated(&words)
    case "alter": return altered(&words)
    case "create": return created(&words, statement)
    case "update", "delete", "merge": return changedRows(&words)
    case "with" where words.contains("update") || words.contains("delete"): return [.backfill]
    case "copy": return [.copy]
    case "do": return [.doBlock]
    case "lock": return [.lock]
    case "cluster": return [.rewrite]
    case "vacuum" where words.contains("full"): return [.rewrite]
    case "reindex" where !words.contains("concurrently"),
      "refresh" where !words.contains("concurrently"):
      return [.lock]
    default: return []
    }
  }

  private func ifExisting(_ names: [String], _ rule: MigrationRule) -> [MigrationRule] {
    names.allSatisfy(isNew) ? [] : [rule]
  }

  private func dropped(_ words: inout Words) -> [MigrationRule] {
    if words.contains("concurrently") { return [] }
    _ = words.skip("materialized")
    guard let kind = words.next() else { return [] }
    words.skipIfExists()
    return ["role", "owned", "database"].contains(kind) ? [.drop] : ifExisting(words.names(), .drop)
  }

  private func truncated(_ words: inout Words) -> [MigrationRule] {
    while words.skip("table") || words.skip("only") {}
    return ifExisting(words.names(), .truncate)
  }

  private func changedRows(_ words: inout Words) -> [MigrationRule] {
    while words.skip("only") || words.skip("from") || words.skip("into") {}
    return ifExisting([words.name() ?? ""], .backfill)
  }

  private func created(_ words: inout Words, _ statement: SQLStatement) -> [MigrationRule] {
    if Words(statement.tokens).createdFunction != nil { return [.function] }
    _ = words.skip("unique")
    switch words.peek {
    case "index":
      guard !words.contains("concurrently") else { return [] }
      while let word = words.next(), word != "on" {}
      _ = words.skip("only")
      return ifExisting([words.name() ?? ""], .index)
    case "table", "unlogged", "temp", "temporary", "domain", "type":
      return words.contains("json") ? [.json] : []
    default: return []
    }
  }

  private func altered(_ words: inout Words) -> [MigrationRule] {
    var broken: [MigrationRule] = words.contains("json") ? [.json] : []
    _ = words.skip("materialized")
    let kind = words.next()
    words.skipIfExists()
    _ = words.skip("only")
    guard let name = words.name(), !isNew(name) else { return broken }
    if words.contains("rename") || words.has("set", "schema") { broken.append(.rename) }
    if kind == "table" {
      for action in words.actions() { broken += rules(brokenBy: action) }
    } else if kind == "domain", words.contains("add"), !words.has("not", "valid") {
      broken.append(.check)
    }
    return broken
  }

  /// One action of ALTER TABLE.
  private func rules(brokenBy action: Words) -> [MigrationRule] {
    var action = action
    switch action.next() {
    case "drop": return [.drop]
    case "set" where ["logged", "unlogged", "tablespace", "access"].contains(action.peek):
      return [.rewrite]
    case "alter":
      if action.has("data", "type") || action.word(at: 1) == "type" || action.word(at: 2) == "type"
      {
        return [.columnType]
      }
      return action.has("set", "not") ? [.notNull] : []
    case "add": return rules(brokenByAdding: action)
    default: return []
    }
  }

  private func rules(brokenByAdding action: Words) -> [MigrationRule] {
    let isConstraint = ["constraint", "check", "foreign", "unique", "primary", "exclude"]
      .contains(action.peek)
    let isLater = action.has("not", "valid")
    var broken: [MigrationRule] = []
    if action.contains("references"), !isLater { broken.append(.foreignKey) }
    if action.contains("check"), !isLater { broken.append(.check) }
    if action.contains("unique") || action.contains("primary") || action.contains("exclude"),
      !action.has("using", "index")
    {
      broken.append(.index)
    }
    if isConstraint {
      if action.word(at: 2) == "not", !isLater { broken.append(.notNull) }
      return broken
    }
    if action.has("not", "null"), !action.contains("default") { broken.append(.notNull) }
    if action.computesEachRow { broken.append(.volatileDefault) }
    return broken
  }

  private func isUnrepeatable(
    _ statement: SQLStatement, in section: MigrationFile.Section
  ) -> Bool {
    guard !section.isTransactional else { return false }
    let words = Words(statement.tokens)
    if words.starts("vacuum") || words.starts("analyze") || words.starts("reindex") { return false }
    return !words.has("if", "exists") && !words.has("not", "exists")
  }
}
