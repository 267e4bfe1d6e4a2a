import Logging
import Synchronization

/// Keeps the request lines, so that a test can read the round trips of its own request.
package final class LogRecorder: LogHandler, Sendable {
  private let requests = Mutex<[String: Logger.Metadata]>([:])

  package init() {}

  /// The round trips that a request's line told.
  func takeTrips(_ id: String) -> Int {
    let line = requests.withLock { $0.removeValue(forKey: id) }
    return line?["trips"].flatMap { Int($0.description) } ?? -1
  }

  package func log(event: LogEvent) {
    guard event.message.description == "request", let metadata = event.metadata,
      let id = metadata["id"]
    else { return }
    requests.withLock { $0[id.description] = metadata }
  }

  package subscript(metadataKey _: String) -> Logger.Metadata.Value? {
    get { nil }
    set {}
  }

  package var metadata: Logger.Metadata {
    get { [:] }
    set {}
  }

  package var logLevel: Logger.Level {
    get { .info }
    set {}
  }
}
