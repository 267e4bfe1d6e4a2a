/// What is asked of a model, people already hidden.
package struct ModelRequest: Sendable {
  package let kind: AIAction.Kind
  /// Names the wording, `questions.v1`: what the log says instead of repeating it.
  package let reference: String
  /// Ours, never mixed with words from outside.
  package let instructions: String
  /// JSON: the words from outside are values in it, data to read and never orders to follow.
  package let input: String
  package let schema: JSONSchema
  package let outputTokensMax: Int
  /// What the playbook answers to the same request.
  package let byRule: @Sendable () -> JSON

  package init(
    kind: AIAction.Kind, reference: String, instructions: String, input: String,
    schema: JSONSchema, outputTokensMax: Int, byRule: @escaping @Sendable () -> JSON
  ) {
    self.kind = kind
    self.reference = reference
    self.instructions = instructions
    self.input = input
    self.schema = schema
    self.outputTokensMax = outputTokensMax
    self.byRule = byRule
  }

  /// More rather than less: four bytes make a token in English, fewer in other scripts.
  var tokensExpected: Int {
    (instructions.utf8.count + input.utf8.count + schema.json.text.utf8.count) / 3 + outputTokensMax
  }
}

/// What a model said, before anybody believed it.
package struct ModelAnswer: Sendable {
  package let text: String
  package let model: String
  package let inputTokens: Int
  package let outputTokens: Int
}

package struct ModelEmbeddings: Sendable {
  package let vectors: [Embedding]
  package let model: String
  package let inputTokens: Int
}

/// Why a provider gave nothing.
package struct ModelFailure: Error, Equatable, Sendable {
  package let status: AIAction.Status
  package let reason: String
  package var retryAfterSeconds: Int?
  /// What the server says it cost all the same.
  package var usage: Usage?

  package struct Usage: Equatable, Sendable {
    package let inputTokens: Int
    package let outputTokens: Int
  }
}

/// Somebody who answers: a server, or the built-in playbook. Blocks.
package protocol ModelProvider: Sendable {
  var name: String { get }
  var model: String { get }
  var embeddingModel: String { get }
  /// Whether what it does costs tokens.
  var isMetered: Bool { get }
  /// Who places texts for it: itself, unless it cannot.
  var placer: any ModelProvider { get }

  func answer(_ request: ModelRequest) throws(ModelFailure) -> ModelAnswer
  func embed(_ texts: [String]) throws(ModelFailure) -> ModelEmbeddings
}

extension ModelProvider {
  package var placer: any ModelProvider { self }
}
