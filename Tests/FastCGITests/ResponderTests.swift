import Glibc
import HTTP
import Spool
import Testing

@testable import FastCGI

@Suite struct `Answering requests` {
  @Test func `a request arrives with what nginx said about it`() throws {
    try Site.with { site in
      let answer = try Peer(site.path).exchange(
        Record.Request(
          target: "/leads/7?page=2",
          more: [
            ("HTTP_COOKIE", "a=b"), ("HTTP_SEC_FETCH_SITE", "same-origin"), ("HTTP_X_EVIL", "1"),
          ]))

      #expect(answer.status == 200)
      #expect(answer.text == "GET|/leads/7|192.0.2.7|crm.example|https|0|a=b|same-origin|-")
      #expect(answer.header("Content-Length") == String(answer.body.count))
      #expect(answer.header("Content-Type") == "text/plain; charset=utf-8")
    }
  }

  @Test(arguments: [1, 7, 8192, 65_535]) func `a posted body arrives whole in records of any size`(
    size: Int
  ) throws {
    try Site.with { site in
      let body = (0..<20_000).map { UInt8($0 % 251) }

      let answer = try Peer(site.path).exchange(
        Record.Request(method: "POST", target: "/echo", body: body, recordSize: size))

      #expect(answer.body == body)
    }
  }

  @Test func `one connection carries many requests`() throws {
    try Site.with { site in
      let peer = try Peer(site.path)

      let answers = try (0..<500).map { number in
        try peer.exchange(
          Record.Request(
            method: number % 3 == 0 ? "POST" : "GET", target: "/n/\(number)",
            body: number % 3 == 0 ? [1, 2, 3] : []))
      }

      #expect(answers.allSatisfy { $0.status == 200 && $0.ended })
      #expect(answers[499].text.hasPrefix("GET|/n/499|"))
    }
  }

  @Test func `a connection that is not to be kept is closed after its answer`() throws {
    try Site.with { site in
      let peer = try Peer(site.path)

      let answer = try peer.exchange(Record.Request(keep: false))

      #expect(answer.status == 200)
      #expect(peer.isClosed())
    }
  }

  @Test func `a large answer arrives whole`() throws {
    try Site.with { site in
      let answer = try Peer(site.path).get("/large")

      #expect(answer.body.count == 300_000)
      #expect(answer.body.allSatisfy { $0 == 0x61 })
    }
  }

  @Test func `who reads a long answer slowly holds no worker and gets it whole`() throws {
    try Site.with(change: { settings in
      settings.workers = 1
      settings.carriedBytesMin = 200_000
    }) { site in
      let slow = try (0..<5).map { _ in try Peer(site.path) }
      for peer in slow { try peer.send(Record.Request(target: "/large").bytes) }
      #expect(becomesTrue { site.responder.activity.now.begun == 5 })

      #expect(try Peer(site.path).get("/").status == 200)
      for peer in slow {
        #expect(try peer.receive().body.count == 300_000)
        #expect(try peer.get("/").status == 200)
      }
    }
  }

  @Test func `more long answers than there are carriers are brought by the workers`() throws {
    try Site.with(change: { settings in
      settings.carriedBytesMin = 200_000
      settings.carriersMax = 1
    }) { site in
      let peers = try (0..<4).map { _ in try Peer(site.path) }
      for peer in peers { try peer.send(Record.Request(target: "/large").bytes) }

      for peer in peers { #expect(try peer.receive().body.count == 300_000) }
    }
  }

  @Test func `a long upload lies in the spool until it is answered`() throws {
    let spool = Spool(directory: "/tmp", bytesMax: 4 << 20)
    try Site.with(change: { settings in
      settings.longBodies = ["/echo": 3 << 20]
      settings.spool = spool
    }) { site in
      let body = (0..<(2 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 7) }
      let upload = Record.Request(method: "POST", target: "/echo", body: body)

      let answer = try Peer(site.path).exchange(upload)

      #expect(answer.body == body)
      #expect(becomesTrue { spool.bytesTaken == 0 })
    }
  }

  @Test func `an upload for which the spool has no room is a 503, and the connection goes on`()
    throws
  {
    try Site.with(change: { settings in
      settings.longBodies = ["/echo": 3 << 20]
      settings.spool = Spool(directory: "/tmp", bytesMax: 1 << 20)
    }) { site in
      let peer = try Peer(site.path)
      let body = [UInt8](repeating: 0x78, count: 2 << 20)

      let answer = try peer.exchange(Record.Request(method: "POST", target: "/echo", body: body))

      #expect(answer.status == 503)
      #expect(try peer.get("/").status == 200)
    }
  }

  @Test func `HEAD has the length of the page and no body`() throws {
    try Site.with { site in
      let answer = try Peer(site.path).exchange(Record.Request(method: "HEAD", target: "/large"))

      #expect(answer.header("Content-Length") == "300000")
      #expect(answer.body.isEmpty)
    }
  }

  @Test func `a status without a body has no length`() throws {
    try Site.with { site in
      let answer = try Peer(site.path).get("/none")

      #expect(answer.status == 204)
      #expect(answer.header("Content-Length") == nil)
    }
  }

  @Test func `a worker keeps its state from request to request`() throws {
    try Site.with(change: { $0.workers = 1 }) { site in
      let answers = try (0..<3).map { _ in try Peer(site.path).get("/answered").text }

      #expect(answers == ["1", "2", "3"])
    }
  }

  @Test func `4 workers serve 32 connections at once`() throws {
    try Site.with { site in
      let path = site.path
      let clients = try (0..<8).map { client in
        try Beside {
          let peers = try (0..<4).map { _ in try Peer(path) }
          return try (0..<50).flatMap { round in
            for peer in peers { try peer.send(Record.Request(target: "/\(client)/\(round)").bytes) }
            return try peers.map { try $0.receive().text.hasPrefix("GET|/\(client)/\(round)|") }
          }
        }
      }

      let right = try clients.flatMap { try $0.get() }

      #expect(right.count == 1600)
      #expect(right.allSatisfy { $0 })
    }
  }

  @Test func `connections beyond the limit wait for one to end`() throws {
    try Site.with(change: { $0.connectionsMax = 2 }) { site in
      let first = try Peer(site.path)
      _ = try first.get("/")
      var second: Peer? = try Peer(site.path)
      _ = try second?.get("/")
      let third = try Peer(site.path)
      try third.send(Record.Request().bytes)

      second = nil

      #expect(try third.receive().status == 200)
    }
  }
}

@Suite struct `Refusing requests` {
  private func answer(_ request: Record.Request) throws -> Peer.Answer {
    var answer = Peer.Answer()
    try Site.with { site in
      let peer = try Peer(site.path)
      answer = try peer.exchange(request)
      // Whatever was wrong with it, the connection carries the next request.
      #expect(try peer.get("/after").status == 200)
    }
    return answer
  }

  @Test(arguments: ["/a%2fb", "/a%00", "//x", "/../x", "/%c0%af", "nothing", "/?q=%00"])
  func `a target that is not clean is a 400 page`(target: String) throws {
    let answer = try answer(Record.Request(target: target))

    #expect(answer.status == 400)
    #expect(answer.text.hasPrefix("refused \(target): "))
  }

  @Test(arguments: ["1", "6", "x", "-5", "+5", "5.0", "99999999999999999999"])
  func `a length that is not the body's is a 400`(length: String) throws {
    let body = Array("hello".utf8)

    let answer = try answer(Record.Request(method: "POST", body: body, length: length))

    #expect(answer.status == 400)
  }

  @Test func `a body without a length is a 400`() throws {
    let answer = try answer(Record.Request(method: "POST", body: [1], length: ""))

    #expect(answer.status == 400)
  }

  @Test(arguments: [524_289, 1_000_000, 10_000_000])
  func `a body over the limit is a 413`(size: Int) throws {
    let body = [UInt8](repeating: 0x78, count: size)

    let answer = try answer(Record.Request(method: "POST", target: "/echo", body: body))

    #expect(answer.status == 413)
  }

  @Test func `a body of exactly the limit is read`() throws {
    let body = [UInt8](repeating: 0x78, count: 65_536)

    let answer = try answer(Record.Request(method: "POST", target: "/echo", body: body))

    #expect(answer.body == body)
  }

  @Test func `a Proxy header is a 400`() throws {
    #expect(try answer(Record.Request(more: [("HTTP_PROXY", "http://evil")])).status == 400)
  }

  @Test(arguments: [("HTTP_ORIGIN", "https://a"), ("HTTPS", "on"), ("X", "y")])
  func `a parameter given twice is a 400`(name: String, value: String) throws {
    let answer = try answer(Record.Request(more: [(name, value), (name, value)]))

    #expect(answer.status == 400)
  }

  @Test func `too many parameters are a 431`() throws {
    let many = (0..<200).map { ("P\($0)", "") }

    #expect(try answer(Record.Request(more: many)).status == 431)
  }

  @Test func `a method that is no token is a 400`() throws {
    #expect(try answer(Record.Request(method: "G T")).status == 400)
    #expect(try answer(Record.Request(method: "")).status == 400)
  }

  @Test func `a header with a control character or broken text is a 400`() throws {
    #expect(try answer(Record.Request(more: [("HTTP_USER_AGENT", "a\u{1b}[2J")])).status == 400)
  }

  @Test func `a refused HEAD has no body`() throws {
    let answer = try answer(Record.Request(method: "HEAD", target: "/%00"))

    #expect(answer.status == 400)
    #expect(answer.body.isEmpty)
  }
}
