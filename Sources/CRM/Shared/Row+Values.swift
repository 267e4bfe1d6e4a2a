import Postgres

// The readers of `Row` for the types that every list has, without generic metadata (see Row.swift).

extension Row {
  mutating func next<Subject>(_ type: ID<Subject>.Type = ID<Subject>.self) throws -> ID<Subject> {
    guard let bytes = nextCell() else { throw mismatch("ID", "NULL") }
    guard let id = ID<Subject>(sql: bytes) else { throw mismatch("ID", "malformed") }
    return id
  }

  mutating func next(_ type: Timestamp.Type = Timestamp.self) throws -> Timestamp {
    guard let bytes = nextCell() else { throw mismatch("Timestamp", "NULL") }
    guard let time = Timestamp(sql: bytes) else { throw mismatch("Timestamp", "malformed") }
    return time
  }
}
