/// What a folder of migrations holds: numbered files, which make tables, and functions, a file a name.
struct Migrations: Sendable {
  let files: [MigrationFile]
  let functions: [FunctionFile]

  init(in directory: String) throws(MigrationError) {
    files = try MigrationFile.all(in: directory)
    functions = try FunctionFile.all(in: directory)
  }

  /// What numbered files call or hang on their tables.
  var firstFunctions: [FunctionFile] {
    functions.filter { $0.room == FunctionFile.firstRoom }
  }

  var laterFunctions: [FunctionFile] {
    functions.filter { $0.room != FunctionFile.firstRoom }
  }

  /// The identities of the triggers that some file makes.
  var triggers: Set<String> {
    Set(functions.flatMap { file in file.triggers.map(\.identity) })
  }

  /// The functions that numbered files make, because something is stored by them.
  var numberedFunctions: Set<String> {
    let created = files.flatMap { file in
      SQLStatement.all(in: file.up.text).compactMap { Words($0.tokens).createdFunction }
    }
    return Set(created.compactMap { $0.split(separator: ".").last.map(String.init) })
  }

  /// As few transactions as the files allow: one that says `transaction:false` stands alone. The last is one in any
  /// case, for the functions.
  static func batches(of files: [MigrationFile]) -> [[MigrationFile]] {
    var batches: [[MigrationFile]] = [[]]
    for file in files {
      if file.up.isTransactional {
        batches[batches.count - 1].append(file)
      } else {
        if batches[batches.count - 1].isEmpty { batches.removeLast() }
        batches += [[file], []]
      }
    }
    return batches
  }
}
