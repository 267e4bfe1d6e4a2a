import HTTP
import Spool

/// How a ``Responder`` listens, and its bounds.
package struct ListenerSettings: Sendable {
  /// In a directory of its own, mode 0750, made if it is missing.
  package var socketPath: String
  /// Requests answered at once; each worker is a thread that blocks in the database.
  package var workers = 6
  package var stackBytes = 1 << 20
  /// Further connections wait in the socket's backlog. nginx holds its keep-alive connections here.
  package var connectionsMax = 1024
  package var bodyBytesMax = Request.formBytesMax
  /// Paths that take more: uploads, which are kept in ``spool``. nginx has the same list.
  package var longBodies: [String: Int] = [:]
  package var spool = Spool(directory: "/var/tmp", bytesMax: 2 << 30)
  /// A longer body than ``bodyBytesMax`` is read and dropped up to here, so that nginx gets to hear
  /// the 413; beyond it the connection is closed.
  package var discardedBytesMax = 16 * 1024 * 1024
  /// A longer answer is handed to a carrier, a thread of its own: who reads slowly holds no worker.
  package var carriedBytesMin = 512 * 1024
  package var carriersMax = 24
  /// How long somebody may take for the next part of an answer that a carrier brings.
  package var carrierTimeoutMilliseconds = 60_000
  /// How long one read or write may stall. nginx sends a request whole, so this strikes only a
  /// broken peer, which holds a worker until then.
  package var timeoutMilliseconds = 10_000
  /// On stop, connections are kept until none was used for this long …
  package var quietMilliseconds = 250
  /// … but no longer than this; requests in flight are always finished, except for what carriers
  /// still bring to slow readers then.
  package var drainMillisecondsMax = 5_000

  package init(socketPath: String) { self.socketPath = socketPath }
}
