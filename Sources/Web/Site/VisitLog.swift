import HTTP
import Logging
import Synchronization

/// How many lines strangers may fill the log with: so many a second. The rest are counted, and the next line says how
/// many they were, so that a flood of requests is seen and fills no disk.
final class StrangersLines: Sendable {
  private let perSecond: Int

  init(perSecond: Int) { self.perSecond = perSecond }

  private struct State {
    var second = 0
    var written = 0
    var withheld = 0
  }

  private let state = Mutex(State())

  /// How many lines were withheld since the last one; nil where none may be written now.
  func take(second: Int = Int(ContinuousClock.now.elapsedSeconds)) -> Int? {
    state.withLock { state in
      if state.second != second { (state.second, state.written) = (second, 0) }
      guard state.written < perSecond else {
        state.withheld += 1
        return nil
      }
      defer { state.withheld = 0 }
      state.written += 1
      return state.withheld
    }
  }
}

extension ContinuousClock.Instant {
  private static let start = ContinuousClock.now

  /// Since the process first asked.
  fileprivate var elapsedSeconds: Int64 { (self - Self.start).components.seconds }
}

extension Services.Shared {
  /// A line about somebody who is not known to be a member.
  func logStranger(_ level: Logger.Level, _ message: Logger.Message, _ metadata: Logger.Metadata) {
    guard let withheld = strangers.take() else { return }
    var metadata = metadata
    if withheld > 0 { metadata["withheld"] = .stringConvertible(withheld) }
    log.log(level: level, message, metadata: metadata)
  }
}

extension Visit {
  /// A line about this visit, with its number.
  func log(_ level: Logger.Level, _ message: Logger.Message, _ metadata: Logger.Metadata = [:]) {
    let metadata = metadata.merging(["id": "\(request.id)"]) { given, _ in given }
    guard guest.viewer == nil else {
      return shared.log.log(level: level, message, metadata: metadata)
    }
    shared.logStranger(level, message, metadata)
  }
}
