import Mail
import Synchronization
import TestSupport
import Testing

@testable import CRM

@Suite struct `The gateway to a model` {
  private let source = Source("description", "[PERSON_1] needs a shed by May.")
  private let good = #"{"text":"When?","citations":[{"source":"description","quote":"by May"}]}"#

  private func request(_ rule: String = "Rule") -> ModelRequest {
    ModelRequest(
      kind: .questions, reference: "test.v1", instructions: "Ask.", input: source.text,
      schema: .object([
        "text": .string(length: 1...50),
        "citations": .array(
          of: .object(["source": .string(length: 1...50), "quote": .string(length: 0...200)]),
          count: 0...5),
      ]), outputTokensMax: 100,
      byRule: { .object(["text": .string(rule), "citations": .array([])]) })
  }

  private func gateway(
    _ server: ScriptedModel, patience: AIGateway.Patience = .init(), key: String? = nil,
    pauses: Pauses = Pauses()
  ) -> AIGateway {
    AIGateway(
      OpenAICompatible(
        baseURL: server.baseURL, model: "asked-for", embeddingModel: "small", key: key,
        client: HTTPSClient(totalSeconds: 1)),
      patience: patience, prices: .init(input: 150_000, output: 600_000),
      sleep: { pauses.add($0) })
  }

  private func ask(
    _ gateway: AIGateway, tokensLeft: Int = 10_000
  ) -> AIGateway.Reply<JSONValue> {
    var pseudonyms = Pseudonyms(people: [.init(firstName: "Ada", lastName: nil)])
    _ = pseudonyms.hide("Ada")
    return gateway.ask(
      request(), sources: [source], pseudonyms: pseudonyms, tokensLeft: tokensLeft)
  }

  @Test func `a good answer is checked, cited and logged`() throws {
    let reply = ask(gateway(try ScriptedModel(.saying(good))))

    let attempt = try #require(reply.attempts.first)
    #expect(try reply.result.get()["text"]?.string == "When?")
    #expect(attempt.status == .answered)
    #expect(attempt.model == "scripted-1")
    #expect(attempt.citations == [Citation(source: "description", quote: "by May")])
    #expect(attempt.inputTokens == 120 && attempt.outputTokens == 30)
    #expect(attempt.costMicros == 36)
    #expect(attempt.output == good)
  }

  @Test func `what is sent asks for the schema, and only the key's header holds the key`() throws {
    let server = try ScriptedModel(.saying(good))

    _ = ask(gateway(server, key: "s3cret"))

    let sent = try #require(server.requests.first)
    let body = try JSONValue(parsing: Array(sent.body.utf8))
    #expect(sent.head.hasPrefix("POST /v1/chat/completions HTTP/1.1\r\n"))
    #expect(
      body["response_format"]?["json_schema"]?["schema"]?["additionalProperties"] == .bool(false))
    #expect(body["messages"]?.array?.last?["content"]?.string == source.text)
    #expect(sent.head.contains("Bearer s3cret") && !sent.body.contains("s3cret"))
  }

  @Test func `names are back where placeholders stood, but not in the log`() throws {
    let answer =
      #"{"text":"Who helps [PERSON_1]?","citations":[{"source":"description","quote":"[PERSON_1] needs"}]}"#

    let reply = ask(gateway(try ScriptedModel(.saying(answer))))

    let value = try reply.result.get()
    #expect(value["text"]?.string == "Who helps Ada?")
    #expect(value["citations"]?.array?.first?.citation?.quote == "Ada needs")
    #expect(reply.attempts.first?.output == answer)
  }

  @Test(arguments: [
    ("description", "by June"), ("description", "by\u{A0}May"), ("message", "by May"),
    ("description", ""), ("description", "ed"), ("description", "BY MAY"),
  ])
  func `an invented citation is dropped and counted`(name: String, quote: String) throws {
    let answer = JSON.object([
      "text": .string("When?"),
      "citations": .array([
        .object(["source": .string(name), "quote": .string(quote)]),
        .object(["source": .string("description"), "quote": .string("a shed")]),
      ]),
    ])

    let reply = ask(gateway(try ScriptedModel(.saying(answer.text))))

    #expect(try reply.result.get()["citations"]?.array?.count == 1)
    #expect(reply.attempts.first?.citationsDropped == 1)
    #expect(reply.attempts.first?.citations.map(\.quote) == ["a shed"])
  }

  @Test(arguments: [
    (ScriptedModel.Step.saying("Sure! Here are your questions:"), AIAction.Status.brokenJSON),
    (.saying(#"{"text":"x"}"#), .otherSchema),
    (.saying(#"{"text":"x","citations":[],"send_to":"eve@evil.example"}"#), .otherSchema),
    (.saying(#"{"text":"x","cita"#, finish: "length"), .cutShort),
    (.status(200, body: "<html>"), .brokenJSON),
    (.status(200, body: "{}"), .otherSchema),
    (.status(500), .serverError), (.status(503), .serverError),
    (.status(429), .rateLimited), (.truncated, .cutShort), (.raw("nonsense"), .cutShort),
    (.silence, .timedOut),
  ])
  func `a fault that may pass is tried again, each attempt logged`(
    step: ScriptedModel.Step, status: AIAction.Status
  ) throws {
    let pauses = Pauses()

    let reply = ask(gateway(try ScriptedModel(step, .saying(good)), pauses: pauses))

    #expect(reply.attempts.map(\.status) == [status, .answered])
    #expect(reply.attempts.first?.error != nil)
    #expect(pauses.all.count == 1)
    _ = try reply.result.get()
  }

  @Test(arguments: [
    ScriptedModel.Step.saying(#"{"text":"x","cita"#, finish: "length"), .silence, .raw("nonsense"),
  ])
  func `an attempt that came to nothing is charged all the same`(step: ScriptedModel.Step) throws {
    let reply = ask(gateway(try ScriptedModel(step, .saying(good))))

    let attempt = try #require(reply.attempts.first)
    #expect(attempt.status != .answered)
    #expect(attempt.inputTokens + attempt.outputTokens > 0)
  }

  @Test(arguments: [400, 401, 403, 404, 422, 501])
  func `a fault that stays is not tried again`(status: Int) throws {
    let server = try ScriptedModel(
      .status(status, body: #"{"error":{"message":"secret prompt repeated"}}"#))

    let reply = ask(gateway(server))

    #expect(reply.attempts.map(\.status) == [.refused])
    #expect(reply.attempts.first?.error == "the server answered \(status)")
  }

  @Test func `after three attempts it is over`() throws {
    let server = try ScriptedModel(.status(500))

    let reply = ask(gateway(server))

    #expect(reply.result == .failure(.serverError))
    #expect(server.requests.count == 3)
  }

  @Test func `a server that names a time is given it, or left to the next job`() throws {
    let pauses = Pauses()
    let patient = ask(
      gateway(
        try ScriptedModel(.status(429, headers: ["Retry-After: 3"]), .saying(good)), pauses: pauses)
    )
    let later = ask(gateway(try ScriptedModel(.status(429, headers: ["Retry-After: 3600"]))))

    #expect(pauses.all == [3_000])
    #expect(patient.attempts.count == 2)
    #expect(later.attempts.count == 1)
    #expect(later.retryAfterSeconds == 3_600)
  }

  @Test func `an endpoint that keeps failing is left alone, then tried by one`() throws {
    var patience = AIGateway.Patience()
    patience.attemptsMax = 1
    patience.failuresInRowMax = 2
    patience.outageSeconds = 0
    let server = try ScriptedModel(.status(500), .status(500), .saying(good))
    let open = {
      patience.outageSeconds = 60; return self.gateway(server, patience: patience)
    }()

    let statuses = (0..<3).map { _ in ask(open).attempts.map(\.status) }

    #expect(statuses == [[.serverError], [.serverError], [.circuitOpen]])
    #expect(server.requests.count == 2)
    #expect(open.isResting)
  }

  @Test func `what the budget does not hold is not asked`() throws {
    let server = try ScriptedModel(.saying(good))

    let reply = ask(gateway(server), tokensLeft: 150)

    #expect(reply.attempts.map(\.status) == [.overBudget])
    #expect(server.requests.isEmpty)
  }

  @Test func `tokens of a spoilt attempt count against the next`() throws {
    let server = try ScriptedModel(.saying("no"), .saying(good))

    let reply = ask(gateway(server), tokensLeft: 350)

    #expect(reply.attempts.map(\.status) == [.brokenJSON, .overBudget])
  }

  @Test func `without an embedding model texts are placed at no cost, through budget and outage`()
    throws
  {
    var patience = AIGateway.Patience()
    patience.attemptsMax = 1
    patience.failuresInRowMax = 2
    let server = try ScriptedModel(.status(500))
    let gateway = AIGateway(
      OpenAICompatible(baseURL: server.baseURL, model: "m", embeddingModel: nil, key: nil),
      patience: patience, prices: .init(input: 1_000_000, output: 1_000_000), sleep: { _ in })

    _ = ask(gateway)
    let between = gateway.embed(["one"], tokensLeft: 0)
    _ = ask(gateway)
    let after = gateway.embed(["one"], tokensLeft: 0)

    #expect(gateway.isResting)
    #expect((between.attempts + after.attempts).map(\.status) == [.answered, .answered])
    #expect(after.attempts.map(\.provider) == ["playbook"])
    #expect(after.attempts.first?.costMicros == nil)
  }

  @Test func `without a server the playbook answers through the same door`() throws {
    let reply = ask(AIGateway(Playbook()), tokensLeft: 0)

    #expect(try reply.result.get()["text"]?.string == "Rule")
    #expect(reply.attempts.map(\.provider) == ["playbook"])
    #expect(reply.attempts.first?.costMicros == nil)
  }
}

@Suite struct `Embeddings` {
  @Test func `come in the order asked, of length one, with the model's name`() throws {
    let numbers = { (first: Int) in
      "[\(first)," + Array(repeating: "0", count: 382).joined(separator: ",") + ",2]"
    }
    let server = try ScriptedModel(
      .status(
        200,
        body: #"{"model":"small-2","data":[{"index":1,"embedding":"# + numbers(0)
          + #"},{"index":0,"embedding":"# + numbers(5) + #"}],"usage":{"prompt_tokens":4}}"#))
    let gateway = AIGateway(
      OpenAICompatible(baseURL: server.baseURL, model: "m", embeddingModel: "small", key: nil))

    let embeddings = try gateway.embed(["one", "two"], tokensLeft: 100).result.get()

    #expect(embeddings.model == "small-2")
    #expect(embeddings.vectors.map { $0.values[0] > 0.9 } == [true, false])
    #expect(embeddings.vectors.map { $0.distance(to: $0) }.allSatisfy { abs($0) < 0.000_1 })
    #expect(
      try JSONValue(parsing: Array(server.requests[0].body.utf8))["dimensions"] == .number(384))
  }

  @Test(arguments: [
    #"{"data":[]}"#, #"{"data":[{"index":0,"embedding":[1,2,3]}]}"#,
    #"{"data":[{"index":9,"embedding":[]}]}"#,
    "{\"data\":[{\"index\":0,\"embedding\":["
      + Array(repeating: "0", count: 384).joined(separator: ",") + "]}]}",
  ])
  func `of another size, or pointing nowhere, are refused`(body: String) throws {
    let server = try ScriptedModel(.status(200, body: body))
    let gateway = AIGateway(
      OpenAICompatible(baseURL: server.baseURL, model: "m", embeddingModel: "small", key: nil),
      sleep: { _ in })

    let reply = gateway.embed(["one"], tokensLeft: 100)

    #expect(reply.attempts.map(\.status) == [.otherSchema, .otherSchema, .otherSchema])
  }

  @Test func `by the playbook are the same every time, and near where words are shared`() {
    let budget = Playbook.place("What budget has been set aside?")
    let again = Playbook.place("What budget has been set aside?")
    let near = Playbook.place("Which budgets were set asside for this")
    let far = Playbook.place("Who signs the contract in the end?")

    #expect(budget == again)
    #expect(budget.distance(to: near) < 0.6)
    #expect(budget.distance(to: far) > 0.7)
    #expect(Playbook.place("…").values.contains { $0 != 0 })
  }
}

/// The pauses asked for, none of them kept.
final class Pauses: Sendable {
  private let milliseconds = Mutex<[Int]>([])

  var all: [Int] { milliseconds.withLock { $0 } }

  func add(_ pause: Int) { milliseconds.withLock { $0.append(pause) } }
}
