import CRM
import HTTP
import Spool
import TestSupport
import Testing

@testable import Web

@Suite struct `Large files` {
  private func room(bytes: Int = 1 << 20, workers: Int = 4) -> HeavyWork {
    HeavyWork(spool: Spool(directory: "/tmp", bytesMax: bytes), workers: workers)
  }

  @Test func `are one at a time for each person`() throws {
    let acme = try TestTenant.fresh()
    let work = room()
    let sales = acme.sales.visiting(work)
    var place: Place? = try work.making.take(by: acme.sales.user, of: acme.id)

    let export = try sales.get("/leads.csv")
    let upload = try sales.upload("/imports", Array("title\nA\n".utf8))

    #expect(export.status == 429 && export.shows("One file at a time"))
    #expect(export.header("Retry-After") == "5")
    #expect(upload.status == 429)
    _ = consume place
    place = nil
    #expect(try sales.get("/leads.csv").status == 200)
    #expect(try sales.upload("/imports", Array("title\nA\n".utf8)).status == 303)
  }

  @Test func `of others leave pages alone, and are waited for by trying again`() throws {
    let acme = try TestTenant.fresh()
    let work = room(workers: 2)
    let sales = acme.sales.visiting(work)
    let place = try work.making.take(by: ID(), of: ID())

    let export = try sales.get("/leads.csv")

    #expect(export.status == 503 && export.shows("Many files at once"))
    #expect(try sales.get("/leads").status == 200)
    _ = consume place
    #expect(try sales.get("/leads.csv").status == 200)
  }

  @Test func `for which there is no room are not begun`() throws {
    let acme = try TestTenant.fresh()
    let sales = acme.sales.visiting(room(bytes: 100))

    let export = try sales.get("/leads.csv")

    #expect(export.status == 503 && export.shows("Many files at once"))
  }

  @Test func `take their room until they are fetched, and no longer`() throws {
    let acme = try TestTenant.fresh()
    let work = room()
    var file: Page? = try acme.sales.visiting(work).get("/leads.csv")

    #expect(file?.status == 200)
    #expect(work.spool.bytesTaken > 100)
    file = nil
    #expect(work.spool.bytesTaken == 0)
  }

  @Test func `that a person leaves lying are two at most`() throws {
    let acme = try TestTenant.fresh()
    let sales = acme.sales.visiting(room())
    let first = try sales.get("/leads.csv")
    let second = try sales.get("/leads.csv")

    #expect(try sales.get("/leads.csv").status == 429)
    _ = (consume first, consume second)
    #expect(try sales.get("/leads.csv").status == 200)
  }

  @Test func `are refused to strangers before they are read`() throws {
    let form = try Browser.stranger.upload("/imports", Array("no file at all".utf8))

    #expect([401, 403].contains(form.status))
  }
}

@Suite struct `Places for large files` {
  @Test func `are so many for a person, for a tenant and for all`() throws {
    let places = Places(perMember: 1, perTenant: 2, all: 3)
    let (acme, other) = (ID<Tenant>(), ID<Tenant>())
    let ada = ID<User>()
    let held = [
      try places.take(by: ada, of: acme), try places.take(by: ID(), of: acme),
      try places.take(by: ada, of: other),
    ]

    #expect(throws: NoPlace.yours) { try places.take(by: ada, of: acme) }
    #expect(throws: NoPlace.others) { try places.take(by: ID(), of: acme) }
    #expect(throws: NoPlace.others) { try places.take(by: ID(), of: ID()) }
    _ = consume held
    for _ in 1...20 { _ = try places.take(by: ada, of: acme) }
  }
}
