import Postgres
import TestSupport
import Testing

@Suite struct `Saving a segment` {
  @Test func `keeps a list's filter under a name, with its count`() throws {
    let acme = try TestTenant.fresh()
    _ = try acme.lead(title: "One")
    _ = try acme.lead(title: "Two", email: "two@example.com")

    let form = try acme.sales.get("/segments/new?q=one&sort=-value")
    let saved = try acme.sales.follow(
      try acme.sales.post("/segments", ["name": "My one", "q": "one", "sort": "-value"]))
    let list = try acme.sales.follow(
      try acme.sales.get(try #require(saved.link("My one"))))

    #expect(form.hidden("q") == "one" && form.hidden("sort") == "-value")
    #expect(saved.trips == 1)
    #expect(saved.shows("My one Sam Sales 1"))
    #expect(list.leadTitles == ["One"])
    #expect(list.has("name=\"sort\" value=\"-value\""))
  }

  @Test func `shows a private one to nobody else, and a shared one to all`() throws {
    let acme = try TestTenant.fresh()
    _ = try acme.sales.post("/segments", ["name": "Private"])
    _ = try acme.sales.post("/segments", ["name": "Shared", "shared": "1"])

    let others = try acme.admin.get("/segments")

    #expect(!others.shows("Private") && others.shows("Shared"))
    #expect(others.link("Rename or share") == nil)
  }

  @Test func `a shared one is changed by its owner only`() throws {
    let acme = try TestTenant.fresh()
    _ = try acme.sales.post("/segments", ["name": "Shared", "shared": "1"])
    let edit = try #require(try acme.sales.get("/segments").link("Rename or share"))
    let place = edit.replacing("/edit", with: "")

    #expect(try acme.admin.post(place, ["name": "Mine now"]).status == 404)
    #expect(try acme.admin.post("\(place)/deletion").status == 404)
    #expect(try acme.sales.post(place, ["name": "Renamed", "shared": "1"]).status == 303)
    #expect(try acme.sales.get("/segments").shows("Renamed"))
    #expect(try acme.sales.get(place).location?.contains("/leads") == true)
    #expect(try acme.sales.post("\(place)/deletion").status == 303)
    #expect(try acme.count("segments") == 0)
  }

  @Test func `a name that is taken is told beside the field`() throws {
    let acme = try TestTenant.fresh()
    _ = try acme.sales.post("/segments", ["name": "Once"])

    let page = try acme.sales.post("/segments", ["name": "ONCE", "q": "x"])

    #expect(page.status == 422)
    #expect(page.error(beside: "name") == "You have a segment of this name already.")
    #expect(page.hidden("q") == "x")
  }
}
