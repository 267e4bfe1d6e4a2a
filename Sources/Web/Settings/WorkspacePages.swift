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
    let page = WorkspacePage(desk: desk, form: WorkspaceForm(settings), mark: settings.mark)
    return try visit.page(page, desk)
  }

  private static func save(_ visit: Visit) throws -> Response {
    let posted = try visit.request.form
    let form = try WorkspaceForm(posted)
    let mark = try posted.value("seen")
    guard let days = form.boardIdleDays.value, let region = form.phoneRegion.value else {
      let desk = try visit.read()
      let page = WorkspacePage(desk: desk, form: form, mark: mark ?? "")
      return try visit.page(page, desk, status: .unprocessableContent)
    }
    do {
      return try visit.post { tx in
        let (viewer, old) = try tx.look(WorkspaceSettings.current, seen: mark)
        var new = old
        new.boardIdleDays = days
        new.phoneRegion = region
        new.save(over: old, of: viewer.tenant, in: tx)
        return Links.said(Links.workspace, .settingSaved)
      }
    } catch is SettingChanged {
      let (desk, saved) = try visit.read(WorkspaceSettings.current)
      var page = WorkspacePage(desk: desk, form: form, mark: saved.mark)
      page.conflict = form.conflict(with: WorkspaceForm(saved))
      return try visit.page(page, desk, status: .conflict)
    }
  }
}

struct WorkspaceForm: Templated {
  var boardIdleDays = Field<Int, L>()
  var phoneRegion = Field<PhoneRegion, L>()

  init(_ settings: WorkspaceSettings) {
    boardIdleDays.typed = String(settings.boardIdleDays)
    phoneRegion.typed = settings.phoneRegion?.code ?? ""
  }

  init(_ posted: PostedForm) throws {
    boardIdleDays = try posted.integer(
      "board_idle_days", in: WorkspaceSettings.boardIdleDaysRange,
      orElse: L("Write a whole number from 0 to 365."))
    phoneRegion = try posted.field(
      "phone_region", orElse: L("Write a country's two letters, such as FR or GB."),
      read: { PhoneRegion($0.uppercased()) })
  }

  func conflict(with saved: WorkspaceForm) -> Conflict {
    .settings([
      Conflict.Field(
        L("Days without anything new"), typed: boardIdleDays.typed, saved: saved.boardIdleDays.typed
      ),
      Conflict.Field(
        L("Country of telephone numbers"), typed: phoneRegion.typed, saved: saved.phoneRegion.typed),
    ])
  }

  private var errors: FormErrors {
    FormErrors([
      ("board_idle_days", boardIdleDays.error), ("phone_region", phoneRegion.error),
    ])
  }

  static let keys = Keys<WorkspaceForm>()
    .text("board_idle_days", \.boardIdleDays.typed)
    .text("board_idle_days_error", \.boardIdleDays.error)
    .text("phone_region", \.phoneRegion.typed).text("phone_region_error", \.phoneRegion.error)
    .flag("has_errors") { !$0.errors.problems.isEmpty }.list("errors") { $0.errors.problems }
}

struct WorkspacePage: Page {
  let desk: Desk
  let form: WorkspaceForm
  /// Of the settings that the form began with.
  let mark: String
  var conflict: Conflict?

  static let template = "settings/workspace"
  static let keys = Keys<WorkspacePage>().include(\.desk).include(\.form)
    .text("seen", \.mark).object("conflict", \.conflict)
    .list("settings_links") { _ in SettingsTab.workspace.links }
}
