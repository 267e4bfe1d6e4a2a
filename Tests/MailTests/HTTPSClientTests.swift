import Mail
import TestSupport
import Testing

@Suite struct `Posting JSON to a server` {
  private let body = Array(#"{"a":1}"#.utf8)

  @Test func `the answer comes back with its status, whatever it is`() throws {
    let server = try ScriptedModel(
      .status(429, body: "slow down", headers: ["Retry-After: 7"]))

    let answer = try HTTPSClient().post(json: body, to: server.baseURL, bearer: "s3cret")

    #expect(answer.status == 429)
    #expect(answer.body == Array("slow down".utf8))
    #expect(answer.retryAfterSeconds == 7)
    #expect(server.requests.first?.body == #"{"a":1}"#)
    #expect(server.requests.first?.head.contains("Authorization: Bearer s3cret\r\n") == true)
  }

  @Test func `silence ends at the time limit`() throws {
    let server = try ScriptedModel(.silence)

    #expect(throws: HTTPFailure.timedOut(afterSeconds: 1)) {
      try HTTPSClient(totalSeconds: 1).post(json: body, to: server.baseURL)
    }
  }

  @Test func `a body that ends early is no answer`() throws {
    let server = try ScriptedModel(.truncated)

    let failure = #expect(throws: HTTPFailure.self) {
      try HTTPSClient().post(json: body, to: server.baseURL)
    }

    guard case .cutShort = failure else { return #expect(Bool(false), "\(failure as Any)") }
  }

  @Test func `a body beyond the limit is not held`() throws {
    let server = try ScriptedModel(.status(200, body: String(repeating: "x", count: 2_000)))

    #expect(throws: HTTPFailure.tooLarge(bytesMax: 1_000)) {
      try HTTPSClient(bodyBytesMax: 1_000).post(json: body, to: server.baseURL)
    }
  }

  @Test func `a redirect is an answer, not a new address`() throws {
    let elsewhere = try ScriptedModel(.status(200))
    let server = try ScriptedModel(.status(302, headers: ["Location: \(elsewhere.baseURL)"]))

    let answer = try HTTPSClient().post(json: body, to: server.baseURL, bearer: "s3cret")

    #expect(answer.status == 302)
    #expect(elsewhere.requests.isEmpty)
  }

  @Test func `nobody there is said as such`() throws {
    let server = try ScriptedModel(.status(200))
    server.stop()

    let failure = #expect(throws: HTTPFailure.self) {
      try HTTPSClient().post(json: body, to: "http://127.0.0.1:1/")
    }

    guard case .unreachable = failure else { return #expect(Bool(false), "\(failure as Any)") }
  }

  @Test(arguments: [
    "ftp://127.0.0.1/", "file:///etc/passwd", "http://trusted@127.0.0.1/", "http://a b/", "",
    "http://127.0.0.1/\r\nX: y",
  ])
  func `other addresses are not used`(url: String) {
    #expect(throws: HTTPFailure.self) { try HTTPSClient().post(json: body, to: url) }
  }

  @Test(arguments: [
    ("https://api.example.com/v1", true), ("http://127.0.0.1:8080/v1", true),
    ("http://localhost/v1", true), ("http://[::1]:80/v1", true), ("http://example.com/v1", false),
    ("http://127.0.0.1.example.com/", false), ("http://localhost.example.com/", false),
  ])
  func `a key goes over TLS or stays on this machine`(url: String, isPrivate: Bool) {
    #expect(HTTPSClient.isPrivate(url) == isPrivate)
    if !isPrivate {
      #expect(throws: HTTPFailure.unusable(reason: "a key needs https")) {
        try HTTPSClient().post(json: body, to: url, bearer: "s3cret")
      }
    }
  }
}
