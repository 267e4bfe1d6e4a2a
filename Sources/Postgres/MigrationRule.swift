/// What the linter looks for, by the name used in `-- lint:allow NAME: reason`.
package enum MigrationRule: String, CaseIterable, Sendable {
  case drop, truncate, rename
  case columnType = "column-type"
  case index
  case foreignKey = "foreign-key"
  case check
  case notNull = "not-null"
  case volatileDefault = "volatile-default"
  case json, backfill, rewrite, lock
  case doBlock = "do-block"
  case function
  case rerun
  // Not to be allowed by a comment: the runner would break its own promises.
  case session, copy, concurrently
  case oneStatement = "one-statement"
  case lint

  var mayBeAllowed: Bool {
    switch self {
    case .session, .copy, .concurrently, .oneStatement, .lint: false
    default: true
    }
  }

  /// What is wrong and what to do instead.
  var explanation: String {
    switch self {
    case .drop: "what is dropped is still used by the running version; stop using it first"
    case .truncate: "TRUNCATE deletes everything"
    case .rename: "the running version still asks for the old name; add the new one beside it"
    case .columnType: "a changed type rewrites the table under an exclusive lock; add a new column"
    case .index:
      "building an index blocks writers; use CREATE INDEX CONCURRENTLY in a file of its own"
    case .foreignKey: "checking every row blocks writers; add it NOT VALID, then VALIDATE it later"
    case .check: "checking every row blocks everybody; add it NOT VALID, then VALIDATE it later"
    case .notNull: "NOT NULL reads every row under an exclusive lock; validate a CHECK first"
    case .volatileDefault: "a default computed for each row rewrites the table"
    case .json: "json cannot be compared or indexed; use jsonb"
    case .backfill: "one statement over a whole table holds its locks until the end; go in batches"
    case .rewrite: "this rewrites the table under an exclusive lock"
    case .lock: "this blocks everybody who uses the table"
    case .doBlock: "what a DO block does cannot be checked; write the statements out"
    case .function: "a function has a file of its own: functions/FEATURE/NAME.sql"
    case .rerun: "a statement outside a transaction must be repeatable: IF [NOT] EXISTS"
    case .session: "transaction, role and session belong to the runner"
    case .copy: "COPY needs a client that feeds it; use INSERT"
    case .concurrently: "CONCURRENTLY needs -- migrate:up transaction:false"
    case .oneStatement: "outside a transaction a file holds exactly one statement"
    case .lint: "the comment allows nothing"
    }
  }
}
