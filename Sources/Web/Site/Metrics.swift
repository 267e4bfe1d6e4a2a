import Synchronization

/// Counters since the process started, for `/metrics`.
package final class Metrics: Sendable {
  /// Upper bounds in microseconds.
  private static let bounds = [
    1_000, 2_000, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000, 2_000_000,
  ]

  private struct Counts {
    var byStatus: [Int: Int] = [:]
    var buckets = Array(repeating: 0, count: bounds.count + 1)
    var microseconds = 0
    var refusedSignIns = 0
  }

  private let counts = Mutex(Counts())

  func count(_ status: Int, microseconds: Int) {
    let bucket = Self.bounds.firstIndex { microseconds <= $0 } ?? Self.bounds.count
    counts.withLock { counts in
      counts.byStatus[status, default: 0] += 1
      counts.buckets[bucket] += 1
      counts.microseconds += microseconds
    }
  }

  /// No place was free: see ``SignInDoor``.
  func countRefusedSignIn() { counts.withLock { $0.refusedSignIns += 1 } }

  /// Prometheus text format 0.0.4.
  var text: String {
    let counts = counts.withLock { $0 }
    var lines = ["# TYPE closerflow_requests_total counter"]
    for (status, count) in counts.byStatus.sorted(by: { $0.key < $1.key }) {
      lines.append("closerflow_requests_total{status=\"\(status)\"} \(count)")
    }
    lines.append("# TYPE closerflow_request_seconds histogram")
    var total = 0
    for (bound, count) in zip(Self.bounds, counts.buckets) {
      total += count
      lines.append("closerflow_request_seconds_bucket{le=\"\(seconds(bound))\"} \(total)")
    }
    total += counts.buckets[Self.bounds.count]
    lines.append("closerflow_request_seconds_bucket{le=\"+Inf\"} \(total)")
    lines.append("closerflow_request_seconds_sum \(seconds(counts.microseconds))")
    lines.append("closerflow_request_seconds_count \(total)")
    lines.append("# TYPE closerflow_sign_ins_refused_total counter")
    lines.append("closerflow_sign_ins_refused_total \(counts.refusedSignIns)")
    return lines.joined(separator: "\n") + "\n"
  }

  private func seconds(_ microseconds: Int) -> String {
    let rest = String(microseconds % 1_000_000)
    return "\(microseconds / 1_000_000)." + String(repeating: "0", count: 6 - rest.utf8.count)
      + rest
  }
}
