import CRM
import Logging
import Postgres
import Secrets
import Templating

/// What a worker thread answers requests with; each thread has its own.
package struct Services {
  let database: Database
  let shared: Shared

  package init(database: Database, shared: Shared) {
    self.database = database
    self.shared = shared
  }

  /// What all threads share.
  package struct Shared: Sendable {
    let configuration: SiteConfiguration
    let templates: Templates
    let assets: Assets
    let door: SignInDoor
    let heavyWork: HeavyWork
    let metrics: Metrics
    let log: Logger
    let strangers: StrangersLines

    package init(
      configuration: SiteConfiguration, templates: Templates, assets: Assets, door: SignInDoor,
      heavyWork: HeavyWork, log: Logger, strangersLinesPerSecond: Int = 20
    ) {
      self.configuration = configuration
      self.templates = templates
      self.assets = assets
      self.door = door
      self.heavyWork = heavyWork
      self.log = log
      strangers = StrangersLines(perSecond: strangersLinesPerSecond)
      metrics = Metrics()
    }
  }
}
