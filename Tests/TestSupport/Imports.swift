import CRM
import Glibc
import Postgres
import Testing

/// What tests of imports begin with.
extension TestTenant {
  /// Uploads a file and answers with its page's path.
  package func upload(_ text: String, name: String = "leads.csv") throws -> String {
    let answer = try sales.upload("/imports", Array(text.utf8), name: name)
    return try #require(answer.place)
  }

  /// Says what the columns mean and has the dry run done; answers with the page.
  package func check(
    _ place: String, columns: [String], mode: String = "create", owner: String = "",
    source: String = ""
  ) throws -> Page {
    var fields = columns.enumerated().map { (name: "column-\($0.offset)", value: $0.element) }
    fields += [("mode", mode), ("owner", owner), ("source", source)]
    _ = try sales.post("\(place)/check", fields)
    try work(place)
    return try sales.get(place)
  }

  /// Uploads, checks and imports; answers with the place.
  package func importing(
    _ text: String, columns: [String], mode: String = "create", source: String = ""
  ) throws -> String {
    let place = try upload(text)
    _ = try check(place, columns: columns, mode: mode, source: source)
    try ask("commit", place)
    return place
  }

  /// Posts and lets the worker do it.
  package func ask(_ what: String, _ place: String) throws {
    let round = try sales.get(place).hidden("round") ?? ""
    _ = try sales.post("\(place)/\(what)", what == "commit" ? ["round": round] : [:])
    try work(place)
  }

  /// Works until the import's job is done; workers of other tests may take it.
  package func work(_ place: String, with work: any JobWork = ImportWork()) throws {
    let id = try #require(ID<LeadImport>(String(place.split(separator: "/").last ?? "")))
    let runner = JobRunner(
      database: TestDatabase.open(as: .worker), works: [work], owner: "test",
      leaseSeconds: 60, hands: LeasesInHand(), mayGoOn: { true }, report: { print($0) })
    for _ in 0..<600 {
      guard try look(Job.latest(.import, about: id))?.state.isLive == true else { return }
      if try !runner.runNext() { usleep(50_000) }
    }
    Issue.record("the import's job does not end")
  }
}
