import CRM
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

  private func segment(_ acme: TestTenant, _ name: String, _ filter: [(String, String)]) throws
    -> String
  {
    _ = try acme.sales.postPairs("/segments", [("name", name), ("shared", "1")] + filter)
    return try acme.look(
      Query(
        "id", "select id::text from segments where tenant_id = app.tenant() and name = \(name)",
        only: { try $0.next() }))
  }

  @Test func `its id alone is its list, under its name, in one round trip`() throws {
    let acme = try TestTenant.fresh()
    for (title, value) in [("Alpha one", "1"), ("Beta one", "2"), ("Other", "3")] {
      _ = try acme.sales.post(
        "/leads", ["title": title, "estimated_value": value, "currency": "EUR"])
    }
    let id = try segment(acme, "Ones", [("q", "one"), ("sort", "-value")])

    let page = try acme.sales.get("/leads?segment=\(id)")
    let sorted = try acme.sales.get("/leads?segment=\(id)&sort=title")
    let file = try acme.sales.get("/leads.csv?segment=\(id)")

    #expect(page.trips == 1)
    #expect(page.shows("Segment “Ones”") && !page.shows("changed since it was saved"))
    #expect(page.leadTitles == ["Beta one", "Alpha one"])
    #expect(page.has("<span class=\"total\">2</span>"))
    #expect(page.has("href=\"/leads?q=one&amp;stage=new&amp;sort=-value&amp;segment=\(id)\""))
    #expect(sorted.leadTitles == ["Alpha one", "Beta one"])
    #expect(file.html.contains("Beta one") && !file.html.contains("Other"))
  }

  @Test func `of one's own leads is counted for who looks at it`() throws {
    let acme = try TestTenant.fresh()
    for (title, owner) in [("One", acme.sales), ("Two", acme.sales), ("Three", acme.admin)] {
      _ = try acme.sales.post("/leads", ["title": title, "owner": owner.user.description])
    }
    let id = try segment(acme, "My leads", [("owner", "me")])

    let mine = try acme.sales.get("/segments")
    let theirs = try acme.admin.get("/segments")

    #expect(theirs.trips == 1)
    #expect(mine.shows("My leads shared with everybody Sam Sales 2"))
    #expect(theirs.shows("My leads shared with everybody Sam Sales 1"))
    #expect(try acme.admin.get("/leads?segment=\(id)").leadTitles == ["Three"])
  }

  @Test func `that is private or not there shows no list, nor a file`() throws {
    let acme = try TestTenant.fresh()
    _ = try acme.lead(title: "One")
    let id = try segment(acme, "Private", [("q", "one")])
    _ = try acme.sales.post("/segments/\(id)", ["name": "Private"])

    for path in ["/leads", "/leads.csv"] {
      #expect(try acme.admin.get("\(path)?segment=\(id)").status == 404)
      #expect(try TestTenant.fresh().sales.get("\(path)?segment=\(id)").status == 404)
    }
    // Filters beside it stand for themselves.
    let page = try acme.admin.get("/leads?q=one&segment=\(id)")
    #expect(page.leadTitles == ["One"] && !page.shows("Segment “"))
  }

  @Test func `keeps other filters when its owner says so`() throws {
    let acme = try TestTenant.fresh()
    _ = try acme.lead(title: "One")
    _ = try acme.lead(title: "Two", email: "two@example.com")
    let id = try segment(acme, "Mine", [("q", "one")])

    let changed = try acme.sales.get("/leads?q=two&sort=title&segment=\(id)")
    let others = try acme.admin.get("/leads?q=two&segment=\(id)")
    let refused = try acme.admin.post("/segments/\(id)/filter", ["q": "two"])
    let saved = try acme.sales.post("/segments/\(id)/filter", ["q": "two", "sort": "title"])
    let page = try acme.sales.follow(saved)

    #expect(
      changed.shows("changed since it was saved") && changed.shows("Save these filters to it"))
    #expect(changed.link("As it was saved") == "/leads?segment=\(id)")
    #expect(others.shows("Segment “Mine”") && !others.shows("Save these filters to it"))
    #expect(refused.status == 404)
    #expect(saved.location == "/leads?segment=\(id)&said=segment-saved" && saved.trips == 2)
    #expect(page.leadTitles == ["Two"] && !page.shows("changed since it was saved"))
    #expect(try acme.count("audit_log", where: "action = 'segment_saved' and field = 'q'") == 1)
  }

  @Test func `is counted again by its owner, and hourly with the owner's eyes`() throws {
    let acme = try TestTenant.fresh()
    let id = try segment(acme, "Of mine", [("owner", "me")])
    let broken = try segment(acme, "Broken", [("q", "x")])
    _ = try acme.sales.post("/leads", ["title": "L", "owner": acme.sales.user.description])
    #expect(try acme.count("segments", where: "lead_count = 0") == 2)

    #expect(try acme.admin.post("/segments/\(id)/count").status == 404)
    #expect(try acme.sales.post("/segments/\(id)/count").status == 303)
    #expect(try acme.count("segments", where: "id = \(id)::uuid and lead_count = 1") == 1)

    _ = try acme.sales.post("/leads", ["title": "M", "owner": acme.sales.user.description])
    try acme.change(
      """
      update segments set counted_at = now() - interval '3000 days',
                          filter = case when id = \(broken)::uuid then '{"from": "no day"}'::jsonb else filter end
      """)
    _ = try TestDatabase.open(as: .worker).call(Housekeeping.recountSegments)

    #expect(try acme.count("segments", where: "id = \(id)::uuid and lead_count = 2") == 1)
    #expect(try acme.count("segments", where: "id = \(broken)::uuid and lead_count is null") == 1)
    #expect(try acme.count("segments", where: "counted_at < now() - interval '1 minute'") == 0)
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
