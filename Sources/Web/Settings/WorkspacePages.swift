import CRM
import HTTP
import HTTPTypes
import Postgres
import Templating

/// What admins settle for everybody.
enum WorkspacePages {
  static func add(to router: inout Router<Answer>) {
    router.get("/settings/workspace", .may(.administer), show)
    router.post("/settings/workspace", .may(.administer), save)
  }

  private static func show(_ visit: Visit) throws -> Response {
    let (desk, settings) = try visit.read(WorkspaceSettings.current)
    let days = Field<Int, L>(typed: String(settings.boardIdleDays))
    return try visit.page(WorkspacePage(desk: desk, boardIdleDays: days), desk)
  }

  private static func save(_ visit: Visit) throws -> Response {
    let days: Field<Int, L> = try visit.request.form.integer(
      "board_idle_days", in: WorkspaceSettings.boardIdleDaysRange,
      orElse: L("Write a whole number from 0 to 365."))
    guard let value = days.value else {
      let desk = try visit.read()
      return try visit.page(
        WorkspacePage(desk: desk, boardIdleDays: days), desk, status: .unprocessableContent)
    }
    return try visit.post { tx in
      let (viewer, old) = try tx.look(WorkspaceSettings.current)
      var new = old
      new.boardIdleDays = value
      new.save(over: old, of: viewer.tenant, in: tx)
      return Links.said(Links.workspace, .settingSaved)
    }
  }
}

struct WorkspacePage: Page {
  let desk: Desk
  let boardIdleDays: Field<Int, L>

  static let template = "settings/workspace"
  static let keys = Keys<WorkspacePage>().include(\.desk)
    .list("settings_links") { _ in SettingsTab.workspace.links }
    .text("board_idle_days", \.boardIdleDays.typed)
    .text("board_idle_days_error", \.boardIdleDays.error)
    .flag("has_errors") { $0.boardIdleDays.error != nil }
    .list("errors") { FormErrors([("board_idle_days", $0.boardIdleDays.error)]).problems }
}
