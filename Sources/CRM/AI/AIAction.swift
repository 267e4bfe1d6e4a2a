/// One attempt to get something from a model, as the log keeps it: what was said is hidden by
/// pseudonyms, so that the log holds no person.
package struct AIAction: Sendable {
  package let id = ID<AIAction>()
  package let kind: Kind
  package let provider: String
  /// As the provider answered; as asked for, where no answer came.
  package var model: String
  package let promptReference: String
  package let prompt: String
  package var output: String?
  package var inputTokens = 0
  package var outputTokens = 0
  /// Millionths of the currency the prices are in; nil where no price is known.
  package var costMicros: Int?
  package var latencyMilliseconds = 0
  package var citations: [Citation] = []
  package var citationsDropped = 0
  package var status: Status
  /// A sentence of ours; nothing the provider said.
  package var error: String?

  package enum Kind: String, CaseIterable, Sendable {
    case questions, embedding
  }

  package enum Status: String, CaseIterable, Sendable, Error {
    case answered
    case overBudget = "over_budget"
    /// The provider failed often and is left alone for a while.
    case circuitOpen = "circuit_open"
    case unreachable
    case timedOut = "timed_out"
    case rateLimited = "rate_limited"
    case serverError = "server_error"
    /// Said no in a way that another try will not mend: a wrong key, an unknown model.
    case refused
    case tooLarge = "too_large"
    case cutShort = "cut_short"
    case brokenJSON = "broken_json"
    case otherSchema = "other_schema"

    /// Whether the same request may do better a moment later.
    package var isWorthAnotherTry: Bool {
      switch self {
      case .unreachable, .timedOut, .rateLimited, .serverError, .cutShort, .brokenJSON,
        .otherSchema:
        true
      case .answered, .overBudget, .circuitOpen, .refused, .tooLarge: false
      }
    }

    /// Whether a provider may have worked before it came to this.
    var mayBeBilled: Bool {
      switch self {
      case .timedOut, .tooLarge, .cutShort, .brokenJSON, .otherSchema: true
      default: false
      }
    }

    /// Whether it says that the endpoint is unwell, rather than this one answer.
    var isOutage: Bool {
      switch self {
      case .unreachable, .timedOut, .rateLimited, .serverError: true
      default: false
      }
    }
  }
}
