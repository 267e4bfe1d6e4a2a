import Glibc
import Mail
import Testing

@testable import CRM

/// Opt-in: `Tests/protocol/run` starts a server and names it in AI_TEST_BASE_URL.
@Suite(.enabled(if: RealServer.baseURL != nil), .serialized) struct `A real model server` {
  private func provider(seconds: Int = 280) throws -> OpenAICompatible {
    OpenAICompatible(
      baseURL: try #require(RealServer.baseURL), model: RealServer.model, embeddingModel: nil,
      key: nil, client: HTTPSClient(totalSeconds: seconds))
  }

  private func request(_ text: String, outputTokensMax: Int = 200) -> ModelRequest {
    ModelRequest(
      kind: .questions, reference: "test.v1",
      instructions: "Answer in JSON: a short question to the customer and its kind.", input: text,
      schema: .object([
        "text": .string(length: 1...200), "kind": .oneOf(["budget", "timing", "other"]),
      ]), outputTokensMax: outputTokensMax,
      byRule: { .null })
  }

  private func ask(
    _ provider: OpenAICompatible, _ request: ModelRequest, tokensLeft: Int = 1_000_000
  ) -> AIGateway.Reply<JSONValue> {
    var patience = AIGateway.Patience()
    patience.attemptsMax = 2
    return AIGateway(provider, patience: patience, sleep: { _ in }).ask(
      request, sources: [], pseudonyms: Pseudonyms(), tokensLeft: tokensLeft)
  }

  @Test func `answers to the schema, with its name and its tokens`() throws {
    let reply = ask(try provider(), request("The customer wants a shed by May."))

    let last = try #require(reply.attempts.last)
    #expect(last.inputTokens > 0)
    #expect(!last.model.isEmpty)
    // A small model may run on to its limit; whatever comes is either the schema or a named failure.
    switch reply.result {
    case .success(let value): #expect(value["kind"]?.string != nil)
    case .failure(let status): #expect([.cutShort, .brokenJSON, .otherSchema].contains(status))
    }
    print(
      "real server: \(last.model) \(last.status) \(last.outputTokens) tokens \(last.latencyMilliseconds) ms"
    )
  }

  @Test func `is known to be there`() throws {
    #expect(try provider().problem() == nil)
  }

  @Test func `that is given too much says no, and is not asked again`() throws {
    let reply = ask(try provider(), request(String(repeating: "word ", count: 40_000)))

    #expect(reply.attempts.map(\.status) == [.refused])
  }

  @Test func `that is slower than the limit is left`() throws {
    let text = String(repeating: "A long story about sheds. ", count: 200)

    let reply = ask(try provider(seconds: 1), request(text, outputTokensMax: 2_000))

    #expect(reply.attempts.first?.status == .timedOut)
  }

  @Test func `of another protocol is a failure with a name`() throws {
    let base = try #require(RealServer.baseURL)
    let wrong = OpenAICompatible(
      baseURL: base + "/nothing", model: "x", embeddingModel: nil, key: nil)

    #expect(ask(wrong, request("x")).attempts.map(\.status) == [.refused])
  }

  @Test func `without embeddings says so, and nothing is placed`() throws {
    let embedding = OpenAICompatible(
      baseURL: try #require(RealServer.baseURL), model: RealServer.model,
      embeddingModel: RealServer.model, key: nil)
    var patience = AIGateway.Patience()
    patience.attemptsMax = 1

    let reply = AIGateway(embedding, patience: patience).embed(["shed"], tokensLeft: 1_000)

    // Some servers have them, most small ones say 501.
    #expect([.answered, .refused, .otherSchema].contains(reply.attempts.first?.status))
    print("real server: embeddings \(reply.attempts[0].status)")
  }
}

private enum RealServer {
  static let baseURL = getenv("AI_TEST_BASE_URL").map { String(cString: $0) }
  static let model = getenv("AI_TEST_MODEL").map { String(cString: $0) } ?? "default"
}
