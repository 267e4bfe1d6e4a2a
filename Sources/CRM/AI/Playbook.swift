/// The provider that needs nobody: answers by the rule that comes with the request, and places texts
/// by the words and parts of words they share. Deterministic, at no cost, and never away.
package struct Playbook: ModelProvider {
  package let name = "playbook"
  package let model = "playbook-1"
  package var embeddingModel: String { Self.rule }
  package let isMetered = false

  /// A new rule gets a new name: embeddings of two rules are never compared.
  package static let rule = "playbook-ngrams-1"

  package init() {}

  package func answer(_ request: ModelRequest) throws(ModelFailure) -> ModelAnswer {
    ModelAnswer(text: request.byRule().text, model: model, inputTokens: 0, outputTokens: 0)
  }

  package func embed(_ texts: [String]) throws(ModelFailure) -> ModelEmbeddings {
    ModelEmbeddings(vectors: texts.map(Self.place), model: Self.rule, inputTokens: 0)
  }

  /// Words count whole and in pieces of three letters, so that a typo or a plural is still near.
  package static func place(_ text: String) -> Embedding {
    var sums = [Double](repeating: 0, count: Embedding.dimensions)
    for word in Passage(text).words where !commonWords.contains(word.folded) {
      let letters = Array("<\(word.folded)>".utf8)
      add(letters, weight: 1, to: &sums)
      for start in 0..<max(letters.count - 2, 0) {
        add(letters[start..<start + 3], weight: 0.4, to: &sums)
      }
    }
    if let embedding = Embedding(sums) { return embedding }
    // A text without a word still has a place, the same for all of them.
    sums[0] = 1
    guard let nowhere = Embedding(sums) else { preconditionFailure("a unit vector has a length") }
    return nowhere
  }

  private static func add(_ piece: some Sequence<UInt8>, weight: Double, to sums: inout [Double]) {
    // FNV-1a, 64 bits; Swift's own hash differs from run to run.
    let hash = piece.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01b3
    }
    // The sign lets two pieces that meet by chance cancel out as often as add up.
    sums[Int(hash >> 1 % UInt64(sums.count))] += hash & 1 == 0 ? weight : -weight
  }

  private static let commonWords: Set<String> = [
    "a", "about", "an", "and", "are", "as", "at", "be", "but", "by", "can", "do", "does", "for",
    "from", "has", "have", "how", "i", "if", "in", "is", "it", "me", "my", "of", "on", "or", "our",
    "so", "that", "the", "their", "there", "they", "this", "to", "us", "was", "we", "what", "when",
    "which", "who", "will", "with", "would", "you", "your",
    "au", "aux", "avec", "ce", "ces", "cette", "d", "dans", "de", "des", "du", "elle", "en", "est",
    "et", "il", "je", "l", "la", "le", "les", "leur", "mais", "mon", "ne", "nos", "notre", "nous",
    "on", "ou", "où", "par", "pas", "pour", "qu", "que", "quel", "quelle", "qui", "sa", "se", "ses",
    "son", "sont", "sur", "un", "une", "vos", "votre", "vous",
  ]
}
