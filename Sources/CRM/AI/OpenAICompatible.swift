import Mail

/// A server that speaks OpenAI's protocol: `/chat/completions` held to a JSON schema, `/embeddings`
/// with 384 dimensions.
package struct OpenAICompatible: ModelProvider {
  package let name = "openai-compatible"
  package let model: String
  package var embeddingModel: String { embeddings ?? Playbook.rule }
  package let isMetered = true
  package var placer: any ModelProvider { embeddings == nil ? Playbook() : self }

  private let embeddings: String?
  private let baseURL: String
  private let key: String?
  private let client: HTTPSClient

  /// `baseURL` ends before `/chat/completions`, mostly with `/v1`. Without an embedding model texts
  /// are placed by the built-in rule: many a server has none.
  package init(
    baseURL: String, model: String, embeddingModel: String?, key: String?,
    client: HTTPSClient = HTTPSClient()
  ) {
    self.baseURL = baseURL.utf8.last == UInt8(ascii: "/") ? String(baseURL.dropLast()) : baseURL
    self.model = model
    embeddings = embeddingModel
    self.key = key
    self.client = client
  }

  package func answer(_ request: ModelRequest) throws(ModelFailure) -> ModelAnswer {
    let body = try post(
      "/chat/completions",
      .object([
        "model": .string(model),
        "messages": .array([
          .object(["role": .string("system"), "content": .string(request.instructions)]),
          .object(["role": .string("user"), "content": .string(request.input)]),
        ]),
        "response_format": .object([
          "type": .string("json_schema"),
          "json_schema": .object([
            "name": .string(request.kind.rawValue), "strict": .bool(true),
            "schema": request.schema.json,
          ]),
        ]),
        "temperature": .number(0),
        "max_tokens": .number(request.outputTokensMax),
      ]))
    let choice = body["choices"]?.array?.first
    let inputTokens = Self.count(body["usage"]?["prompt_tokens"])
    let outputTokens = Self.count(body["usage"]?["completion_tokens"])
    func failure(_ status: AIAction.Status, _ reason: String) -> ModelFailure {
      let usage = inputTokens.map {
        ModelFailure.Usage(inputTokens: $0, outputTokens: outputTokens ?? request.outputTokensMax)
      }
      return ModelFailure(status: status, reason: reason, usage: usage)
    }
    guard let text = choice?["message"]?["content"]?.string else {
      throw failure(.otherSchema, "the server's answer holds no message")
    }
    guard choice?["finish_reason"]?.string != "length" else {
      throw failure(.cutShort, "the model stopped at the length it was given")
    }
    return ModelAnswer(
      text: text, model: Self.name(body["model"]) ?? model,
      inputTokens: inputTokens ?? request.input.utf8.count / 4,
      outputTokens: outputTokens ?? text.utf8.count / 4)
  }

  package func embed(_ texts: [String]) throws(ModelFailure) -> ModelEmbeddings {
    guard let embeddings else { return try Playbook().embed(texts) }
    let body = try post(
      "/embeddings",
      .object([
        "model": .string(embeddings), "input": .array(texts.map(JSON.string)),
        "dimensions": .number(Embedding.dimensions), "encoding_format": .string("float"),
      ]))
    var vectors = [Embedding?](repeating: nil, count: texts.count)
    for (position, entry) in (body["data"]?.array ?? []).enumerated() {
      let index = entry["index"]?.integer ?? position
      guard texts.indices.contains(index) else { continue }
      vectors[index] = Embedding((entry["embedding"]?.array ?? []).compactMap(\.number))
    }
    let found = vectors.compactMap { $0 }
    guard found.count == texts.count else {
      throw ModelFailure(
        status: .otherSchema,
        reason: "the server did not give \(Embedding.dimensions) numbers for each text")
    }
    return ModelEmbeddings(
      vectors: found, model: Self.name(body["model"]) ?? embeddings,
      inputTokens: Self.count(body["usage"]?["prompt_tokens"])
        ?? texts.reduce(0) { $0 + $1.utf8.count } / 4)
  }

  /// Why nobody there answers for a model; nil when somebody does. Costs no tokens.
  package func problem() -> String? {
    do throws(HTTPFailure) {
      let answer = try client.get(baseURL + "/models", bearer: key)
      return [401, 403].contains(answer.status) ? "refuses the key" : nil
    } catch {
      return ModelFailure(error).reason
    }
  }

  private func post(_ path: String, _ request: JSON) throws(ModelFailure) -> JSONValue {
    let answer: HTTPAnswer
    do throws(HTTPFailure) {
      answer = try client.post(
        json: Array(request.text.utf8), to: baseURL + path, bearer: key)
    } catch {
      throw ModelFailure(error)
    }
    guard answer.status == 200 else { throw ModelFailure(answer) }
    do throws(JSONFault) {
      return try JSONValue(parsing: answer.body)
    } catch {
      throw ModelFailure(
        status: .brokenJSON, reason: "the server's answer is not JSON: \(error.reason)")
    }
  }

  /// A name goes to logs and pages: short, and nothing but what names are made of.
  private static func name(_ value: JSONValue?) -> String? {
    guard let name = value?.string, (1...100).contains(name.utf8.count),
      name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else { return nil }
    return name
  }

  private static func count(_ value: JSONValue?) -> Int? {
    value?.integer.flatMap { (0...10_000_000).contains($0) ? $0 : nil }
  }
}

extension ModelFailure {
  fileprivate init(_ failure: HTTPFailure) {
    switch failure {
    case .unusable(let reason): self.init(status: .refused, reason: reason)
    case .unreachable(let reason): self.init(status: .unreachable, reason: reason)
    case .timedOut(let seconds):
      self.init(status: .timedOut, reason: "no answer within \(seconds) s")
    case .tooLarge(let bytesMax):
      self.init(status: .tooLarge, reason: "the answer is larger than \(bytesMax) bytes")
    case .cutShort(let reason): self.init(status: .cutShort, reason: reason)
    }
  }

  /// The body is left out: servers repeat the request in it.
  fileprivate init(_ answer: HTTPAnswer) {
    let status: AIAction.Status =
      switch answer.status {
      case 408: .timedOut
      case 429: .rateLimited
      case 501: .refused  // It will not have learnt that a moment later.
      case 500...: .serverError
      default: .refused
      }
    self.init(
      status: status, reason: "the server answered \(answer.status)",
      retryAfterSeconds: answer.retryAfterSeconds)
  }
}
