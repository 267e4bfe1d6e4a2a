import Glibc

/// The one door to a model. A request passes budget, provider, schema and citations; what comes out
/// is either checked or a failure with a name, and every attempt is there for the log.
///
/// What the answer holds can only become proposals: the callers store it through functions of the
/// database that insert nothing else.
package final class AIGateway: Sendable {
  package let provider: any ModelProvider
  private let patience: Patience
  private let prices: Prices?
  private let breaker: CircuitBreaker
  private let sleep: @Sendable (Int) -> Void

  /// How often to try, and how long to wait in between.
  package struct Patience: Sendable {
    package var attemptsMax = 3
    package var firstPauseMilliseconds = 500
    /// A server that asks for more is asked again by the next job, not waited for.
    package var retryAfterSecondsMax = 20
    package var failuresInRowMax = 5
    package var outageSeconds = 60

    package init() {}
  }

  /// Of a million tokens, in millionths of a currency unit.
  package struct Prices: Sendable {
    package let input: Int
    package let output: Int

    package init(input: Int, output: Int) {
      self.input = input
      self.output = output
    }

    func cost(input inputTokens: Int, output outputTokens: Int) -> Int {
      (inputTokens * input + outputTokens * output + 999_999) / 1_000_000
    }
  }

  package init(
    _ provider: any ModelProvider, patience: Patience = Patience(), prices: Prices? = nil,
    sleep: @escaping @Sendable (_ milliseconds: Int) -> Void = { usleep(UInt32($0 * 1_000)) }
  ) {
    self.provider = provider
    self.patience = patience
    self.prices = prices
    self.sleep = sleep
    breaker = CircuitBreaker(
      failuresMax: patience.failuresInRowMax, pause: .seconds(patience.outageSeconds))
  }

  package var isResting: Bool { breaker.isOpen(at: .now) }

  /// What came of a request, with a record of every attempt, the last one last.
  package struct Reply<Value: Sendable>: Sendable {
    package let result: Result<Value, AIAction.Status>
    package let attempts: [AIAction]
    package var retryAfterSeconds: Int?
  }

  /// Asks, and holds the answer against the schema and the sources. Citations that are not verbatim
  /// are gone from what is returned; what `pseudonyms` hid is back in its place.
  package func ask(
    _ request: ModelRequest, sources: [Source], pseudonyms: Pseudonyms, tokensLeft: Int
  ) -> Reply<JSONValue> {
    let blank = { [provider] in
      AIAction(
        kind: request.kind, provider: provider.name, model: provider.model,
        promptReference: request.reference, prompt: request.input, status: .answered)
    }
    return attempt(
      blank, of: provider, tokensExpected: request.tokensExpected, tokensLeft: tokensLeft
    ) {
      action throws(ModelFailure) in
      let answer = try provider.answer(request)
      action.model = answer.model
      action.output = answer.text
      action.inputTokens = answer.inputTokens
      action.outputTokens = answer.outputTokens
      var checked = try Self.checked(answer.text, request.schema)
      checked.keepVerbatim(sources, log: &action)
      return checked.restored(by: pseudonyms)
    }
  }

  /// Places texts, people already hidden.
  package func embed(_ texts: [String], tokensLeft: Int) -> Reply<ModelEmbeddings> {
    let placer = provider.placer
    let blank = {
      AIAction(
        kind: .embedding, provider: placer.name, model: placer.embeddingModel,
        promptReference: "embedding", prompt: JSON.array(texts.map(JSON.string)).text,
        status: .answered)
    }
    let bytes = texts.reduce(0) { $0 + $1.utf8.count }
    return attempt(blank, of: placer, tokensExpected: bytes / 3, tokensLeft: tokensLeft) {
      action throws(ModelFailure) in
      let embeddings = try placer.embed(texts)
      action.model = embeddings.model
      action.inputTokens = embeddings.inputTokens
      return embeddings
    }
  }

  private func attempt<Value: Sendable>(
    _ blank: () -> AIAction, of provider: any ModelProvider, tokensExpected: Int, tokensLeft: Int,
    _ call: (inout AIAction) throws(ModelFailure) -> Value
  ) -> Reply<Value> {
    var attempts: [AIAction] = []
    while true {
      var action = blank()
      let tokensSpent = attempts.reduce(0) { $0 + $1.inputTokens + $1.outputTokens }
      let start = ContinuousClock.now
      do throws(ModelFailure) {
        // What costs nothing has neither a budget nor an outage.
        if provider.isMetered { try admit(tokensExpected, tokensLeft - tokensSpent, at: start) }
        let value = try call(&action)
        finish(&action, of: provider, since: start, nil)
        return Reply(result: .success(value), attempts: attempts + [action])
      } catch {
        // Whoever was asked may bill it, heard or not.
        if let usage = error.usage {
          action.inputTokens = usage.inputTokens
          action.outputTokens = usage.outputTokens
        } else if error.status.mayBeBilled, action.inputTokens == 0 {
          action.inputTokens = tokensExpected
        }
        finish(&action, of: provider, since: start, error)
        attempts.append(action)
        guard let pause = pause(after: error, attempts.count) else {
          return Reply(
            result: .failure(error.status), attempts: attempts,
            retryAfterSeconds: error.retryAfterSeconds)
        }
        sleep(pause)
      }
    }
  }

  private func admit(
    _ tokensExpected: Int, _ tokensLeft: Int, at now: ContinuousClock.Instant
  ) throws(ModelFailure) {
    guard tokensExpected <= tokensLeft else {
      throw ModelFailure(
        status: .overBudget,
        reason: "\(tokensExpected) tokens may be needed, \(max(tokensLeft, 0)) are left this month")
    }
    guard breaker.letsThrough(at: now) else {
      throw ModelFailure(
        status: .circuitOpen, reason: "the provider failed several times and is left alone")
    }
  }

  private func finish(
    _ action: inout AIAction, of provider: any ModelProvider, since start: ContinuousClock.Instant,
    _ failure: ModelFailure?
  ) {
    let now = ContinuousClock.now
    action.latencyMilliseconds = Int((now - start) / .milliseconds(1))
    action.status = failure?.status ?? .answered
    action.error = failure?.reason
    guard provider.isMetered else { return }
    action.costMicros = prices?.cost(input: action.inputTokens, output: action.outputTokens)
    switch action.status {
    case .overBudget, .circuitOpen: break
    case let status where status.isOutage: breaker.failed(at: now)
    default: breaker.succeeded()
    }
  }

  /// Milliseconds to wait before the next try; nil when there is none.
  private func pause(after failure: ModelFailure, _ attemptCount: Int) -> Int? {
    guard failure.status.isWorthAnotherTry, attemptCount < patience.attemptsMax else { return nil }
    let asked = failure.retryAfterSeconds ?? 0
    guard asked <= patience.retryAfterSecondsMax else { return nil }
    let pause = patience.firstPauseMilliseconds << (attemptCount - 1)
    // Chance keeps workers that failed together from coming back together.
    return max(asked * 1_000, pause + Int.random(in: 0...max(pause / 2, 1)))
  }

  private static func checked(
    _ text: String, _ schema: JSONSchema
  ) throws(ModelFailure) -> JSONValue {
    let value: JSONValue
    do throws(JSONFault) {
      value = try JSONValue(parsing: Array(text.utf8))
    } catch {
      throw ModelFailure(
        status: .brokenJSON, reason: "not JSON at byte \(error.offset): \(error.reason)")
    }
    if let objection = schema.objection(to: value) {
      throw ModelFailure(status: .otherSchema, reason: objection)
    }
    return value
  }
}

extension JSONValue {
  /// Takes out every object of a source and a quote that the source does not hold. Where a task puts
  /// its citations does not matter, so none can forget the check.
  mutating func keepVerbatim(_ sources: [Source], log action: inout AIAction) {
    switch self {
    case .array(let elements):
      var kept: [JSONValue] = []
      for var element in elements {
        if let citation = element.citation {
          guard citation.isVerbatim(in: sources) else {
            action.citationsDropped += 1
            continue
          }
          action.citations.append(citation)
        } else {
          element.keepVerbatim(sources, log: &action)
        }
        kept.append(element)
      }
      self = .array(kept)
    case .object(var members):
      for (name, var member) in members {
        member.keepVerbatim(sources, log: &action)
        members[name] = member
      }
      self = .object(members)
    default: break
    }
  }

  package var citation: Citation? {
    guard case .object(let members) = self, members.count == 2,
      let source = members["source"]?.string, let quote = members["quote"]?.string
    else { return nil }
    return Citation(source: source, quote: quote)
  }

  fileprivate func restored(by pseudonyms: Pseudonyms) -> JSONValue {
    switch self {
    case .string(let text): .string(pseudonyms.restore(text))
    case .array(let elements): .array(elements.map { $0.restored(by: pseudonyms) })
    case .object(let members): .object(members.mapValues { $0.restored(by: pseudonyms) })
    default: self
    }
  }
}
