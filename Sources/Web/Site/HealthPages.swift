import CRM
import HTTP
import HTTPTypes
import Logging
import Postgres

/// For operators and load balancers; nginx shows them to loopback only.
enum HealthPages {
  static func add(to router: inout Router<Answer>) {
    router.get("/healthz", .everyone, alive)
    router.get("/readyz", .everyone, ready)
    router.get("/metrics", .everyone, metrics)
  }

  /// The process answers; the database is not asked, so that its outage restarts nobody.
  private static func alive(_ visit: Visit) throws -> Response {
    .text("alive \(visit.shared.configuration.release)\n")
  }

  private static func ready(_ visit: Visit) throws -> Response {
    do {
      let database = visit.services.database
      if let objection = try database.call(ConnectedRole.current).objection(to: .web) {
        visit.log(.warning, "not ready", ["error": "\(objection)"])
        return .text("not ready: \(objection)\n", status: .serviceUnavailable)
      }
      let schema = try database.call(SchemaState.current)
      return .text("ready, \(schema.words(besides: visit.shared.configuration.schema))\n")
    } catch let error as PostgresError {
      visit.log(.warning, "not ready", ["error": "\(error)"])
      return .text("not ready: \(error)\n", status: .serviceUnavailable)
    }
  }

  private static func metrics(_ visit: Visit) throws -> Response {
    var text = visit.shared.metrics.text
    text += "# TYPE closerflow_deliveries gauge\n# TYPE closerflow_delivery_age_seconds gauge\n"
    for gauge in try visit.services.database.call(OutboxGauge.all) {
      let state = gauge.state.rawValue
      text += "closerflow_deliveries{state=\"\(state)\"} \(gauge.count)\n"
      text += "closerflow_delivery_age_seconds{state=\"\(state)\"} \(gauge.oldestSeconds)\n"
    }
    return .text(text)
  }
}
