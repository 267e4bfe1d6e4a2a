import Postgres
import Testing

@Suite struct `The product's migrations` {
  @Test func `endanger no table in use without saying why`() throws {
    let scratch = try ScratchDatabase(isBootstrapped: true)
    let migrator = Migrator(
      scratch.url, directory: "\(Repository.root)/migrations", runnerVersion: "test")

    #expect(try migrator.verify() == [])
  }

  @Test func `go up, all the way down, and up again to the very same schema`() throws {
    let scratch = try ScratchDatabase(isBootstrapped: true)
    let folder = try MigrationFolder(copying: "\(Repository.root)/migrations")
    let migrator = Migrator(
      scratch.url, directory: "\(Repository.root)/migrations", runnerVersion: "test")
    let goingDown = Migrator(scratch.url, directory: folder.path, runnerVersion: "test")

    let files = try migrator.up().map(\.file)
    let fresh = try NormalForm.lines(of: scratch.database())
    let down = try goDown(goingDown, folder, while: { _ in true })
    let empty = try NormalForm.lines(of: scratch.database())
    let again = try migrator.up().map(\.file)

    #expect(down == files.filter { !$0.contains("/") }.reversed())
    #expect(empty.filter { $0.contains(" crm.") || $0.contains(" app.") } == [])
    #expect(Set(again) == Set(files))
    #expect(Set(files).count == files.count, "each file is applied once")
    #expect(NormalForm.differences(fresh, try NormalForm.lines(of: scratch.database())) == [])
    #expect(try migrator.verify() == [])
  }

  @Test func `do not go down over seeded rows unless told to`() throws {
    let scratch = try ScratchDatabase(isBootstrapped: true)
    let folder = try MigrationFolder(copying: "\(Repository.root)/migrations")
    let migrator = Migrator(scratch.url, directory: folder.path, runnerVersion: "test")
    _ = try migrator.up()
    try goDown(migrator, folder, while: { $0.version > "0003" })

    let error = try #require(throws: MigrationError.self) { try migrator.down() }

    #expect("\(error)" == "taking 0003_accounts.sql down would lose data: app.role_permissions")
  }

  /// A function whose table went is taken away first, as whoever goes down is told to.
  @discardableResult
  private func goDown(
    _ migrator: Migrator, _ folder: MigrationFolder, while isWanted: (Migrator.Status) -> Bool
  ) throws -> [String] {
    var down: [String] = []
    while let newest = try migrator.status().last(where: { $0.state != .pending }), isWanted(newest)
    {
      do {
        down.append(try migrator.down(acceptingDataLoss: true).file)
      } catch let MigrationError.failed(file, _, _, _) where file.hasPrefix("functions/") {
        folder.remove(file)
      }
    }
    return down
  }
}
