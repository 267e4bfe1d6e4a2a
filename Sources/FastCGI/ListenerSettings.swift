/// How a ``Responder`` listens, and its bounds.
package struct ListenerSettings: Sendable {
  /// In a directory of its own, mode 0750, made if it is missing.
  package var socketPath: String
  /// Requests answered at once; each worker is a thread that blocks in the database.
  package var workers = 6
  package var stackBytes = 1 << 20
  /// Further connections wait in the socket's backlog. nginx holds its keep-alive connections here.
  package var connectionsMax = 1024
  /// Room for the longest letter: what a form sends is up to three times as long as its text.
  package var bodyBytesMax = 512 * 1024
  /// Paths that take more: uploads. nginx has the same list.
  package var longBodies: [String: Int] = [:]
  /// A longer body than ``bodyBytesMax`` is read and dropped up to here, so that nginx gets to hear
  /// the 413; beyond it the connection is closed.
  package var discardedBytesMax = 16 * 1024 * 1024
  /// How long one read or write may stall. nginx sends a request whole, so this strikes only a
  /// broken peer, which holds a worker until then.
  package var timeoutMilliseconds = 10_000
  /// On stop, connections are kept until none was used for this long …
  package var quietMilliseconds = 250
  /// … but no longer than this; requests in flight are always finished.
  package var drainMillisecondsMax = 5_000

  package init(socketPath: String) { self.socketPath = socketPath }
}
