/// A statement's tokens, read from the front.
struct Words {
  private var tokens: ArraySlice<SQLStatement.Token>

  init(_ tokens: [SQLStatement.Token]) { self.tokens = tokens[...] }

  private init(_ tokens: ArraySlice<SQLStatement.Token>) { self.tokens = tokens }

  /// The next token where it is an unquoted word.
  var peek: String? {
    guard case .word(let word)? = tokens.first else { return nil }
    return word
  }

  mutating func next() -> String? {
    defer { tokens = tokens.dropFirst() }
    return tokens.isEmpty ? nil : peek ?? ""
  }

  mutating func skip(_ word: String) -> Bool {
    guard peek == word else { return false }
    tokens.removeFirst()
    return true
  }

  mutating func skipIfExists() {
    if skip("if") {
      _ = skip("not")
      _ = skip("exists")
    }
  }

  func starts(_ word: String) -> Bool { peek == word }

  func contains(_ word: String) -> Bool { tokens.contains(.word(word)) }

  /// The word `offset` tokens further on.
  func word(at offset: Int) -> String? {
    guard tokens.count > offset, case .word(let word) = tokens[tokens.startIndex + offset] else {
      return nil
    }
    return word
  }

  /// Whether the two words stand beside each other.
  func has(_ first: String, _ second: String) -> Bool {
    zip(tokens, tokens.dropFirst()).contains { $0 == .word(first) && $1 == .word(second) }
  }

  /// A name with its schema, such as `crm.leads`.
  mutating func name() -> String? {
    var parts: [String] = []
    while let token = tokens.first {
      switch token {
      case .word(let word): parts.append(word)
      case .quoted(let name): parts.append(name)
      default: return nil
      }
      tokens.removeFirst()
      guard tokens.first == .symbol(UInt8(ascii: ".")) else { break }
      tokens.removeFirst()
    }
    return parts.isEmpty ? nil : parts.joined(separator: ".")
  }

  /// Names with commas between them; argument lists of functions are passed over.
  mutating func names() -> [String] {
    var names: [String] = []
    var depth = 0
    var isNameNext = true
    while let token = tokens.first {
      switch token {
      case .symbol(UInt8(ascii: "(")): depth += 1
      case .symbol(UInt8(ascii: ")")): depth -= 1
      case .symbol(UInt8(ascii: ",")) where depth == 0: isNameNext = true
      case _ where isNameNext && depth == 0:
        names.append(name() ?? "")
        isNameNext = false
        continue
      default: break
      }
      tokens.removeFirst()
    }
    return names
  }

  /// The parts between the commas that stand outside parentheses.
  func actions() -> [Words] {
    var actions: [Words] = []
    var depth = 0
    var start = tokens.startIndex
    for position in tokens.indices {
      switch tokens[position] {
      case .symbol(UInt8(ascii: "(")): depth += 1
      case .symbol(UInt8(ascii: ")")): depth -= 1
      case .symbol(UInt8(ascii: ",")) where depth == 0:
        actions.append(Words(tokens[start..<position]))
        start = position + 1
      default: break
      }
    }
    return actions + [Words(tokens[start...])]
  }
}

// MARK: - What a statement is

extension Words {
  /// Transactions, roles and the like, which are the runner's.
  var changesSession: Bool {
    switch peek {
    case "begin", "start", "commit", "rollback", "end", "abort", "savepoint", "release", "discard":
      true
    case "reset", "set":
      contains("role") || contains("authorization") || contains("transaction")
    case "prepare": has("prepare", "transaction")
    default: false
    }
  }

  /// The name of what the statement creates, for kinds that can be dropped or altered later.
  func createdName() -> String? {
    var words = self
    guard words.skip("create") else { return nil }
    let adjectives = [
      "or", "replace", "temp", "temporary", "unlogged", "materialized", "unique", "constraint",
      "recursive",
    ]
    while let word = words.peek, adjectives.contains(word) { _ = words.next() }
    let kinds = [
      "table", "view", "index", "function", "procedure", "type", "domain", "schema", "sequence",
      "trigger", "policy",
    ]
    guard let kind = words.next(), kinds.contains(kind) else { return nil }
    _ = words.skip("concurrently")
    words.skipIfExists()
    return words.name()
  }

  /// The name where the statement creates a function or procedure.
  var createdFunction: String? {
    var words = self
    guard words.skip("create") else { return nil }
    if words.skip("or") { _ = words.skip("replace") }
    guard let kind = words.next(), ["function", "procedure"].contains(kind) else { return nil }
    return words.name()
  }

  /// For ADD COLUMN: the default differs from row to row, or is computed and stored.
  var computesEachRow: Bool {
    let serials = [
      "serial", "bigserial", "smallserial", "serial4", "serial8", "identity", "stored",
    ]
    if serials.contains(where: contains) { return true }
    guard let start = tokens.firstIndex(of: .word("default")) else { return false }
    let fixed = [
      "now", "transaction_timestamp", "statement_timestamp", "check", "references", "numeric",
    ]
    for position in tokens.indices[(start + 1)...] where position + 1 < tokens.endIndex {
      guard case .word(let word) = tokens[position],
        tokens[position + 1] == .symbol(UInt8(ascii: "(")), !fixed.contains(word),
        tokens[position - 1] != .symbol(UInt8(ascii: ":"))
      else { continue }
      return true
    }
    return false
  }
}
