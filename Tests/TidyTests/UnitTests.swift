import Testing

@Suite struct `The units of systemd` {
  private static let units = ["nginx", "responder", "worker"]

  /// Settings of a unit, name by name.
  private func settings(_ unit: String) throws -> [String: [String]] {
    let lines = try Repository.text("deploy/systemd/closerflow-\(unit).service")
      .split(separator: "\n").filter { !$0.hasPrefix("#") && $0.contains("=") }
    return Dictionary(
      grouping: lines, by: { String($0.prefix { $0 != "=" }) }
    ).mapValues { $0.map { String($0.drop { $0 != "=" }.dropFirst()) } }
  }

  @Test func `each have a user of their own, and no core files`() throws {
    let users = try Self.units.map { try settings($0)["User"] ?? [] }
    let declared = try Repository.text("deploy/systemd/closerflow.sysusers.conf")

    #expect(Set(users).count == Self.units.count)
    #expect(users.allSatisfy { $0.count == 1 && declared.contains("u \($0[0]) ") })
    for unit in Self.units {
      let settings = try settings(unit)
      #expect(settings["LimitCORE"] == ["0"], "\(unit)")
      #expect(settings["LogRateLimitBurst"]?.count == 1, "\(unit)")
    }
  }

  @Test func `are all hardened alike; only nginx may take a low port`() throws {
    let hardening = { (settings: [String: [String]]) in
      settings.filter { name, _ in
        [
          "Private", "Protect", "Restrict", "SystemCall", "Lock", "NoNew", "MemoryDeny",
          "ProcSubset", "RemoveIPC",
        ]
        .contains { name.hasPrefix($0) } && name != "Restart" && name != "RestartSec"
      }
    }
    let responder = hardening(try settings("responder"))

    #expect(responder.count > 20)
    for unit in Self.units {
      let found = try settings(unit)
      #expect(hardening(found) == responder, "\(unit)")
      #expect(
        found["CapabilityBoundingSet"] == [unit == "nginx" ? "CAP_NET_BIND_SERVICE" : ""])
    }
  }

  @Test func `sign in to the database as nobody but themselves`() throws {
    let map = try Repository.text("deploy/postgres/pg_ident.conf").split(separator: "\n")
      .filter { !$0.hasPrefix("#") }.map { $0.split(separator: " ").dropFirst().map(String.init) }

    #expect(
      map == [
        ["closerflow-web", "closerflow_web"], ["closerflow-web", "closerflow_sign_in"],
        ["closerflow-worker", "closerflow_worker"], ["closerflow-admin", "closerflow_migrate"],
      ])
  }
}
