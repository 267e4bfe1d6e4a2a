/// What a database holds of functions: what runners wrote down in `public.schema_functions`, and what the catalogue
/// shows now.
struct FunctionBook: Sendable {
  /// The text that was applied last under a name, and what it made.
  struct Entry: Sendable {
    /// SHA-256 of the file in hexadecimal.
    let hash: String
    /// The fingerprint of each object that it made, by its identity.
    let made: [String: String]
    /// The statement of each of its triggers, by its identity.
    let triggers: [String: String]
  }

  /// A function, or a trigger that executes one.
  struct Object: Sendable {
    /// `function app.enter(p_token_hash bytea)` or `trigger keep on crm.notes`.
    let identity: String
    /// The function's name, without its schema.
    let name: String
    /// A hash of definition, owner and grants.
    let fingerprint: String
    let isConstraintTrigger: Bool

    var isTrigger: Bool { identity.utf8.starts(with: "trigger ".utf8) }
  }

  /// A text that a name once had.
  struct Text: Sendable {
    let hash: String
    /// What stood of the name when it was applied last.
    let identities: Set<String>
  }

  let entries: [String: Entry]
  /// Of each name, the first applied first.
  let texts: [String: [Text]]
  let objects: [Object]
  /// Of what stands, by its identity.
  let fingerprints: [String: String]

  init(entries: [String: Entry], texts: [String: [Text]], objects: [Object]) {
    self.entries = entries
    self.texts = texts
    self.objects = objects
    fingerprints = Dictionary(objects.map { ($0.identity, $0.fingerprint) }) { first, _ in first }
  }

  /// How a file and the database stand to each other.
  enum Standing: Sendable, Equatable {
    case asMade
    /// New, or another text than was applied last.
    case pending
    /// Another text is applied, and this one is older than the newest.
    case superseded
    /// What the text made is not there any more, or not as it was made.
    case changed([String])
  }

  func standing(of file: FunctionFile, hash: String) -> Standing {
    guard let entry = entries[file.name], entry.hash == hash else {
      let hashes = texts[file.name, default: []].map(\.hash)
      return hashes.contains(hash) && hashes.last != hash ? .superseded : .pending
    }
    let changed =
      entry.made.filter { fingerprints[$0.key] != $0.value }.keys.sorted()
      + file.triggers.map(\.identity).filter { entry.made[$0] == nil }
    return changed.isEmpty ? .asMade : .changed(changed)
  }

  /// Functions of the name that did not stand when this same text was applied before: what a release that came between,
  /// going back, had put beside them.
  func leftovers(besides file: FunctionFile, hash: String) -> [String] {
    guard let text = texts[file.name]?.first(where: { $0.hash == hash }) else { return [] }
    return objects.filter { object in
      object.name == file.name && !object.isTrigger && !text.identities.contains(object.identity)
    }.map(\.identity)
  }

  /// What stands in the database though no file says so; `numbered` are functions that migrations make.
  func strangers(to files: [FunctionFile], numbered: Set<String>) -> [String] {
    let byName = Dictionary(uniqueKeysWithValues: files.map { ($0.name, $0) })
    return objects.compactMap { object in
      guard let file = byName[object.name] else {
        return numbered.contains(object.name) ? nil : object.identity
      }
      // Triggers of the first room stand with their tables.
      guard object.isTrigger, file.room != FunctionFile.firstRoom else { return nil }
      return file.triggers.contains { $0.identity == object.identity } ? nil : object.identity
    }
  }

  /// Names whose functions are more than their file makes.
  func surpluses(over files: [FunctionFile]) -> [FunctionFile] {
    files.filter { file in
      objects.count { $0.name == file.name && !$0.isTrigger } > file.routines.count
    }
  }
}

extension FunctionFile {
  /// What it made of the objects that stand: every function of its name, and the triggers that it declares.
  func made(of objects: [FunctionBook.Object]) -> [FunctionBook.Object] {
    let triggers = Set(triggers.map(\.identity))
    return objects.filter { object in
      object.name == name && (!object.isTrigger || triggers.contains(object.identity))
    }
  }
}

extension FunctionFile.Trigger {
  var identity: String { "trigger \(name) on \(table)" }
}

// MARK: - Reading and writing it

extension FunctionBook {
  /// Append-only: every text that a function ever had stays known, so that an older one is not put back unnoticed.
  static let table =
    """
    create table if not exists public.schema_functions (
      id bigint generated always as identity primary key,
      name text not null,
      sha256 bytea not null,
      made jsonb not null,
      triggers jsonb not null,
      runner_version text not null,
      role text not null,
      applied_at timestamptz not null
    )
    """

  /// A row an object.
  static let newest = Query<
    [(name: String, hash: String, identity: String, fingerprint: String, trigger: String?)]
  >(
    "FunctionBook.newest",
    """
    select e.name, encode(e.sha256, 'hex'), m.key, m.value, e.triggers ->> m.key
      from (select distinct on (f.name) f.* from public.schema_functions f order by f.name, f.id desc) e
     cross join lateral jsonb_each_text(e.made) m
    """,
    all: { row in
      (
        name: try row.next(), hash: try row.next(), identity: try row.next(),
        fingerprint: try row.next(),
        trigger: try row.next(optional: String.self)
      )
    })

  static let everyText = Query<[(name: String, Text)]>(
    "FunctionBook.everyText",
    """
    select f.name, encode(f.sha256, 'hex'), (
             select string_agg(k, chr(10)) from jsonb_object_keys((array_agg(f.made order by f.id desc))[1]) k)
      from public.schema_functions f group by f.name, f.sha256 order by min(f.id)
    """,
    all: { row in
      let (name, hash): (String, String) = (try row.next(), try row.next())
      let identities = try row.next(String.self).utf8.split(separator: UInt8(ascii: "\n"))
      return (name, Text(hash: hash, identities: Set(identities.map { String(Substring($0)) })))
    })

  /// Of all names, where none is given. Asked where only `pg_catalog` is searched and in UTC, so that definitions read
  /// the same whoever asks.
  static func standingObjects(of names: [String]) -> Query<[Object]> {
    Query(
      "FunctionBook.standingObjects",
      """
      with functions as (
        select p.oid, p.proname, n.nspname, p.prokind, p.proowner, p.proacl
          from pg_proc p join pg_namespace n on n.oid = p.pronamespace
         where n.nspname in ('app', 'sec', 'crm') and p.prokind in ('f', 'p')
           and (cardinality(\(.texts(names))) = 0 or p.proname = any (\(.texts(names)))))
      select format('%s %s.%s(%s)', case f.prokind when 'p' then 'procedure' else 'function' end, f.nspname, f.proname,
                    pg_get_function_identity_arguments(f.oid)),
             f.proname::text,
             encode(sha256(convert_to(concat_ws(' ', pg_get_functiondef(f.oid), pg_get_userbyid(f.proowner), (
               select string_agg(concat_ws(' ', g.name, a.privilege_type, a.is_grantable), ',' order by g.name, a.is_grantable)
                 from aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) a
                cross join lateral (
                  select case a.grantee when 0 then 'public' else pg_get_userbyid(a.grantee)::text end collate "C") g (name)
               )), 'UTF8')), 'hex'),
             false
        from functions f
      union all
      select format('trigger %s on %s.%s', t.tgname, n.nspname, c.relname), f.proname::text,
             encode(sha256(convert_to(pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text, 'UTF8')), 'hex'),
             t.tgconstraint <> 0
        from pg_trigger t join functions f on f.oid = t.tgfoid
        join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
       where not t.tgisinternal
       order by 1
      """,
      all: { row in
        Object(
          identity: try row.next(), name: try row.next(), fingerprint: try row.next(),
          isConstraintTrigger: try row.next())
      })
  }
}

extension MigrationSession {
  /// The book as it is inside this connection's transaction, if it has one; empty before the first runner.
  func functionBook() throws -> FunctionBook {
    let objects = try standingObjects()
    guard try has("public.schema_functions") else {
      return FunctionBook(entries: [:], texts: [:], objects: objects)
    }
    let entries = Dictionary(grouping: try ask(FunctionBook.newest), by: \.name).mapValues { rows in
      FunctionBook.Entry(
        hash: rows[0].hash,
        made: Dictionary(uniqueKeysWithValues: rows.map { ($0.identity, $0.fingerprint) }),
        triggers: Dictionary(
          uniqueKeysWithValues: rows.compactMap { row in row.trigger.map { (row.identity, $0) } }))
    }
    let texts = Dictionary(grouping: try ask(FunctionBook.everyText), by: \.name)
      .mapValues { rows in rows.map(\.1) }
    return FunctionBook(entries: entries, texts: texts, objects: objects)
  }

  /// What stands of these names, or of all.
  func standingObjects(of names: [String] = []) throws -> [FunctionBook.Object] {
    try underCatalogPath { try ask(FunctionBook.standingObjects(of: names)) }
  }

  func remember(_ file: FunctionFile, made objects: [FunctionBook.Object]) -> Statement {
    Statement(
      "FunctionBook.remember",
      """
      insert into public.schema_functions (name, sha256, made, triggers, runner_version, role, applied_at)
      values (\(file.name), sha256(\(file.bytes)),
              jsonb_object(\(.texts(objects.map(\.identity))), \(.texts(objects.map(\.fingerprint)))),
              jsonb_object(\(.texts(file.triggers.map(\.identity))), \(.texts(file.triggers.map(\.text)))),
              \(runnerVersion), session_user, clock_timestamp())
      """)
  }

  private func underCatalogPath<Result>(_ body: () throws -> Result) throws -> Result {
    try connection.script("set search_path = pg_catalog; set timezone = 'UTC'")
    let result = try body()
    try connection.script("reset search_path; reset timezone")
    return result
  }
}
