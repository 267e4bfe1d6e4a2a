import Postgres

/// The tone and the aims a tenant's outreach follows: the active version.
package struct Strategy: Sendable {
  package let version: Int
  package let tone: String
  package let objectives: String

  package static let active = Query<Strategy?>(
    "Strategy.active",
    "select version, tone, objectives from strategy_versions where status = 'active'",
    one: { row in try Strategy(version: row.next(), tone: row.next(), objectives: row.next()) })
}
