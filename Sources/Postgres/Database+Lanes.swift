import Dispatch
import Synchronization

extension Database {
  /// Does the pieces, begun in their order, on several connections at once, a thread each. After an error no further
  /// piece is begun; it is thrown when those in hand are done.
  package func each<Piece: Sendable>(
    of pieces: [Piece], lanes: Int, _ body: @escaping @Sendable (Piece, Database) throws -> Void
  ) throws {
    let opening = opening
    let left = Left(pieces)
    let group = DispatchGroup()
    for lane in 0..<min(lanes, pieces.count) {
      // A queue of its own has a thread of its own.
      DispatchQueue(label: "lane \(lane)").async(group: group) {
        let database = Database(opening)
        while let piece = left.next() {
          do {
            try body(piece, database)
          } catch {
            left.fail(error)
          }
        }
      }
    }
    group.wait()
    if let failure = left.failure { throw failure }
  }

  private final class Left<Piece: Sendable>: Sendable {
    private let state: Mutex<(pieces: ArraySlice<Piece>, failure: (any Error)?)>

    init(_ pieces: [Piece]) { state = Mutex((pieces[...], nil)) }

    func next() -> Piece? { state.withLock { $0.pieces.popFirst() } }

    func fail(_ error: any Error) {
      state.withLock { state in
        state.pieces = []
        state.failure = state.failure ?? error
      }
    }

    var failure: (any Error)? { state.withLock { $0.failure } }
  }
}
