import Postgres

extension AIAction {
  /// Keeps the attempts, whatever came of them.
  static func log(_ attempts: [AIAction], about lead: ID<Lead>, in tx: Transaction<LeasedJob>) {
    guard !attempts.isEmpty else { return }
    tx.run(
      "AIAction.log",
      """
      insert into ai_actions
        (tenant_id, id, lead_id, kind, provider, model, prompt_reference, prompt, output, input_tokens,
         output_tokens, cost_micros, latency_ms, citations, citations_dropped, status, error)
      select app.tenant(), a.id, \(lead), a.kind, a.provider, a.model, a.prompt_reference, a.prompt, a.output,
             a.input_tokens, a.output_tokens, a.cost_micros, a.latency_ms, a.citations, a.citations_dropped,
             a.status, a.error
      from jsonb_to_recordset(\(JSON.array(attempts.map(\.json)))) as a (
        id uuid, kind text, provider text, model text, prompt_reference text, prompt text, output text,
        input_tokens int, output_tokens int, cost_micros bigint, latency_ms int, citations jsonb,
        citations_dropped int, status text, error text)
      """)
  }

  private var json: JSON {
    .object([
      "id": .id(id), "kind": .string(kind.rawValue), "provider": .string(provider),
      "model": .string(model), "prompt_reference": .string(promptReference),
      "prompt": .string(Self.storable(prompt)), "output": .string(output.map(Self.storable)),
      "input_tokens": .number(inputTokens), "output_tokens": .number(outputTokens),
      "cost_micros": costMicros.map(JSON.number) ?? .null,
      "latency_ms": .number(latencyMilliseconds),
      "citations": .array(citations.map(\.json)), "citations_dropped": .number(citationsDropped),
      "status": .string(status.rawValue),
      "error": .string(error.map { Self.storable(String($0.unicodeScalars.prefix(500))) }),
    ])
  }

  /// A model may say a NUL, which PostgreSQL holds in no text.
  private static func storable(_ text: String) -> String {
    var kept = String.UnicodeScalarView()
    for scalar in text.unicodeScalars.prefix(100_000) {
      kept.append(scalar.value == 0 ? "\u{FFFD}" : scalar)
    }
    return String(kept)
  }
}

extension Citation {
  package var json: JSON { .object(["source": .string(source), "quote": .string(quote)]) }
}

/// One line of the log, as the list shows it.
package struct AIActionSummary: Sendable {
  package let id: ID<AIAction>
  package let kind: AIAction.Kind
  package let provider: String
  package let model: String
  package let promptReference: String
  package let status: AIAction.Status
  package let error: String?
  package let inputTokens: Int
  package let outputTokens: Int
  package let costMicros: Int?
  package let latencyMilliseconds: Int
  package let citationsKept: Int
  package let citationsDropped: Int
  package let lead: ID<Lead>?
  package let leadTitle: String?
  package let actorName: String?
  package let at: Timestamp

  package static let pageSize = 50

  /// Newest first, one row more than a page.
  package static func latest(before: ID<AIAction>? = nil) -> Query<[AIActionSummary]> {
    Query(
      "AIActionSummary.latest",
      "\(record) where \(before)::uuid is null or a.id < \(before) order by a.id desc limit 51",
      all: AIActionSummary.init(row:))
  }

  package static func find(_ id: ID<AIAction>) -> Query<AIActionSummary?> {
    Query(
      "AIActionSummary.find", "\(record) where a.id = \(id)", one: AIActionSummary.init(row:))
  }

  private static let record: SQL = """
    select a.id, a.kind, a.provider, a.model, a.prompt_reference, a.status, a.error, a.input_tokens,
           a.output_tokens, a.cost_micros, a.latency_ms, jsonb_array_length(a.citations),
           a.citations_dropped, l.id, l.title, m.display_name, a.created_at
    from ai_actions a
    left join leads l on l.tenant_id = a.tenant_id and l.id = a.lead_id
    left join memberships m on m.tenant_id = a.tenant_id and m.user_id = a.actor_id
    """

  private init(row: inout Row) throws {
    id = try row.next()
    kind = try row.next()
    provider = try row.next()
    model = try row.next()
    promptReference = try row.next()
    status = try row.next()
    error = try row.next(optional: String.self)
    inputTokens = try row.next()
    outputTokens = try row.next()
    costMicros = try row.next(optional: Int.self)
    latencyMilliseconds = try row.next()
    citationsKept = try row.next()
    citationsDropped = try row.next()
    lead = try row.next(optional: ID<Lead>.self)
    leadTitle = try row.next(optional: String.self)
    actorName = try row.next(optional: String.self)
    at = try row.next()
  }
}

/// One attempt with what was asked and said, people hidden.
package struct AITranscript: Sendable {
  package let prompt: String
  package let output: String?

  package static func of(_ action: ID<AIAction>) -> Query<AITranscript?> {
    Query(
      "AITranscript.of", "select prompt, output from ai_actions where id = \(action)",
      one: { row in try AITranscript(prompt: row.next(), output: row.next(optional: String.self)) })
  }
}

extension AIAction.Kind: SQLValue, SQLReadable {}
extension AIAction.Status: SQLValue, SQLReadable {}
