import Postgres

/// Everything that a database's schema is, so that two of them can be compared: `NormalForm/normal_form.sql`.
enum NormalForm {
  static let folder = "Tests/PostgresTests/NormalForm"

  /// Asked as the superuser `database` signs in as, in that connection's transaction if it has one.
  static func lines(of database: Database) throws -> [String] {
    try database.script(try Repository.text(of: "\(folder)/normal_form.sql"))
    let lines = try database.call(
      Query(
        "NormalForm.lines",
        #"select line from pg_temp.normal_form order by line collate "C""#,
        all: { try $0.next(String.self) }))
    try database.script("reset search_path; reset datestyle; reset intervalstyle; reset timezone")
    return lines
  }

  /// The lines that one has and the other has not, each as often.
  static func differences(_ one: [String], _ other: [String]) -> [String] {
    var counts: [String: Int] = [:]
    for line in one { counts[line, default: 0] += 1 }
    for line in other { counts[line, default: 0] -= 1 }
    return counts.filter { $0.value != 0 }.keys.sorted()
  }
}
