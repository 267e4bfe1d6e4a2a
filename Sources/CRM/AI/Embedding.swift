import Postgres

/// Where a text stands among others: 384 numbers of length one. Only embeddings of one model may be
/// compared.
package struct Embedding: Sendable, Equatable {
  package static let dimensions = 384

  package let values: [Float]

  /// Nil unless there are 384 finite numbers that point somewhere.
  package init?(_ raw: [Double]) {
    let length = raw.reduce(0) { $0 + $1 * $1 }.squareRoot()
    guard raw.count == Self.dimensions, length.isFinite, length > 1e-9 else { return nil }
    values = raw.map { Float($0 / length) }
  }

  package func distance(to other: Embedding) -> Float {
    1 - zip(values, other.values).reduce(0) { $0 + $1.0 * $1.1 }
  }
}

extension Embedding: SQLValue {
  /// As pgvector reads it.
  package var text: String { "[\(values.map { "\($0)" }.joined(separator: ","))]" }

  package var bind: Bind { .text(text) }
}
