import CRM
import Mail

extension Environment {
  /// The door to the model server of AI_BASE_URL, or to the playbook where none is set; nil when
  /// something about it is wrong.
  mutating func aiGateway() -> AIGateway? {
    let problemCount = problems.count
    guard let baseURL = optional("AI_BASE_URL") else {
      for name in ["AI_MODEL", "AI_EMBEDDING_MODEL", "AI_API_KEY_FILE"] where optional(name) != nil
      {
        add("\(name) needs AI_BASE_URL")
      }
      return problems.count == problemCount ? AIGateway(Playbook()) : nil
    }
    let model = optional("AI_MODEL")
    if model == nil { add("AI_BASE_URL needs AI_MODEL") }
    let key = aiKey(for: baseURL)
    let client = aiClient()
    let prices = aiPrices()
    guard let model, problems.count == problemCount else { return nil }
    return AIGateway(
      OpenAICompatible(
        baseURL: baseURL, model: model, embeddingModel: optional("AI_EMBEDDING_MODEL"), key: key,
        client: client),
      prices: prices)
  }

  private mutating func aiKey(for baseURL: String) -> String? {
    let isHTTP = ["http://", "https://"].contains { baseURL.utf8.starts(with: $0.utf8) }
    if !isHTTP { add("AI_BASE_URL begins with https://, or http:// on this machine") }
    guard let path = optional("AI_API_KEY_FILE") else { return nil }
    if isHTTP, !HTTPSClient.isPrivate(baseURL) {
      add("AI_API_KEY_FILE: a key is only sent over https, or on this machine")
    }
    switch TextFile.read(path) {
    case .success(let text): return TextFile.withoutLineEnd(text)
    case .failure(let problem):
      add("AI_API_KEY_FILE: \(problem)")
      return nil
    }
  }

  private mutating func aiClient() -> HTTPSClient {
    guard let text = optional("AI_TIMEOUT_SECONDS") else { return HTTPSClient() }
    guard let seconds = Int(text), (1...300).contains(seconds) else {
      add("AI_TIMEOUT_SECONDS is 1 to 300")
      return HTTPSClient()
    }
    return HTTPSClient(connectSeconds: min(seconds, 10), totalSeconds: seconds)
  }

  /// What a million tokens cost, such as 0.15; told together or not at all.
  private mutating func aiPrices() -> AIGateway.Prices? {
    let names = ["AI_PRICE_INPUT", "AI_PRICE_OUTPUT"]
    let texts = names.map { optional($0) }
    if texts.allSatisfy({ $0 == nil }) { return nil }
    let micros = zip(names, texts).map { name, text -> Int in
      guard let price = text.flatMap(Double.init), (0...100_000).contains(price) else {
        add("\(name) is the price of a million tokens, such as 0.15")
        return 0
      }
      return Int((price * 1_000_000).rounded())
    }
    return AIGateway.Prices(input: micros[0], output: micros[1])
  }
}
