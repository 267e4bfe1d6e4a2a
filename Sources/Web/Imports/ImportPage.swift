import CRM
import CSV
import HTTP
import Templating

/// One import, wherever it stands.
struct ImportPage: Page {
  let desk: Desk
  let subject: LeadImport
  let job: Job?
  let ahead: LeadImport.Ahead?
  let form: ImportForm?
  let members: [Member]
  let errors: [Line]
  let duplicates: [Line]
  let kept: [Kept]

  init(
    _ desk: Desk, _ subject: LeadImport, job: Job?, ahead: LeadImport.Ahead?, form: ImportForm?,
    members: [Member],
    errors: [ImportLine], duplicates: [ImportLine], kept: [ImportKept]
  ) {
    self.desk = desk
    self.subject = subject
    self.job = job
    self.ahead = job?.state == .ready ? ahead : nil
    self.form = form
    self.members = members
    self.errors = errors.map(Line.init)
    self.duplicates = duplicates.map(Line.init)
    self.kept = kept.map(Kept.init)
  }

  /// The page loads itself anew while the worker is at it.
  var isAtWork: Bool { subject.state.isUnderWay && job?.state.isLive == true }
  private var isStuck: Bool { subject.state.isUnderWay && job?.state.isLive != true }
  private var isMapping: Bool {
    form != nil && [.mapping, .checked, .checking].contains(subject.state) && !isAtWork
  }
  private var isChecked: Bool { subject.state == .checked && !isMapping }
  private var isOver: Bool { subject.state == .done || subject.state == .undone }
  private var counts: LeadImport.Counts { subject.counts }
  private var left: Int { counts.errors + counts.duplicates }
  private var stepBack: String {
    switch subject.state {
    case .committing: "commit"
    case .undoing: "undo"
    default: "check"
    }
  }

  struct Line: Templated {
    let line: ImportLine

    static let keys = Keys<Line>()
      .text("line_number") { String($0.line.line) }
      .text("line_text") {
        $0.line.raw.filter { !$0.isEmpty }.prefix(6).joined(separator: " · ").shortened(to: 300)
      }
      .text("line_reason") { ImportWords.reason($0.line.reasons.first ?? "") }

    init(_ line: ImportLine) { self.line = line }
  }

  struct Kept: Templated {
    let kept: ImportKept

    static let keys = Keys<Kept>()
      .text("kept_id") { $0.kept.lead?.description }.text("kept_title") { $0.kept.title }
      .text("kept_field") { page in page.kept.field.map { LeadField($0).words } }

    init(_ kept: ImportKept) { self.kept = kept }
  }

  struct ModeChoice: Templated {
    let mode: LeadImport.Mode
    let isChosen: Bool

    static let keys = Keys<ModeChoice>()
      .text("mode_value") { $0.mode.rawValue }.text("mode_name") { $0.mode.words }
      .flag("chosen", \.isChosen)
  }

  static let template = "imports/show"
  static let keys = Keys<ImportPage>().include(\.desk)
    .text("import_id") { $0.subject.id.description }.text("round") { String($0.subject.round) }
    .text("file_name", \.subject.fileName)
    .text("by_name", \.subject.by)
    .moment("uploaded") { Moment($0.subject.createdAt, now: $0.desk.viewer.now) }
    .text("rows_words") {
      L.plural($0.subject.rows, "\($0.subject.rows) row", "\($0.subject.rows) rows")
    }
    .text("encoding") { $0.subject.dialect.encoding.rawValue.uppercased() }
    .text("state_name") { $0.subject.state.words }.text("state_tone") { $0.subject.state.tone }
    .flag("at_work", \.isAtWork).flag("stuck", \.isStuck).text("step_back", \.stepBack)
    .flag("may_map_again") { $0.subject.state == .checking }
    .flag("half_written") { $0.subject.state == .committing }
    .flag("may_discard") {
      [.mapping, .checking, .checked].contains($0.subject.state) && $0.job?.state.isLive != true
    }
    .flag("unwritten") { [.mapping, .checking, .checked].contains($0.subject.state) }
    .text("job_error") { $0.job?.lastError ?? "" }
    .text("ahead_id") { $0.ahead?.id.description }.text("ahead_name", \.ahead?.fileName)
    .text("progress_done") { String($0.job?.done ?? 0) }
    .text("progress_total") { String($0.job?.total ?? $0.subject.rows) }
    .flag("mapping", \.isMapping).flag("remembered") { $0.form?.isRemembered == true }
    .list("columns") { page in
      page.subject.header.indices.map { index in
        let chosen = page.form?.columns ?? []
        return ImportColumn(
          index, of: page.subject, chosen: chosen.indices.contains(index) ? chosen[index] : "")
      }
    }
    .text("columns_error") { $0.form?.columnsError }
    .list("modes") { page in
      LeadImport.Mode.allCases.map {
        ModeChoice(mode: $0, isChosen: $0.rawValue == page.form?.mode.typed)
      }
    }
    .text("mode_error") { $0.form?.mode.error }
    .list("owner_options") { Choice.owners($0.members, chosen: $0.form?.owner.typed ?? "") }
    .text("owner_error") { $0.form?.owner.error }
    .text("source") { $0.form?.source.typed ?? "" }.text("source_error") { $0.form?.source.error }
    .flag("has_errors") { $0.form?.problems.isEmpty == false }
    .list("errors") { $0.form?.problems ?? [] }
    .flag("checked", \.isChecked)
    .flag("may_commit") { $0.isChecked && $0.counts.new + $0.counts.updates > 0 }
    .text("commit_button") { page in
      let count = page.counts.new + page.counts.updates
      return L.plural(count, "Import \(count) lead", "Import \(count) leads")
    }
    .text("mode_name") { $0.subject.mode?.words }
    .flag("has_counts") { ($0.isChecked || $0.isOver) }
    .flag("over", \.isOver).flag("done") { $0.subject.state == .done }
    .flag("undone") { $0.subject.state == .undone }
    .text("new_count") { String($0.counts.new) }.text("update_count") { String($0.counts.updates) }
    .text("duplicate_count") { String($0.counts.duplicates) }
    .text("error_count") { String($0.counts.errors) }
    .flag("has_left") { $0.left > 0 && ($0.isChecked || $0.isOver) }
    .flag("has_bad_lines") { !$0.errors.isEmpty && ($0.isChecked || $0.isOver) }
    .list("bad_lines", \.errors)
    .flag("has_known_lines") { !$0.duplicates.isEmpty && ($0.isChecked || $0.isOver) }
    .list("known_lines", \.duplicates)
    .flag("has_kept") { !$0.kept.isEmpty }.list("kept", \.kept)
}

extension String {
  /// The beginning of what may be very long.
  func shortened(to count: Int) -> String {
    guard unicodeScalars.count > count else { return self }
    return String(String.UnicodeScalarView(unicodeScalars.prefix(count))) + "…"
  }
}
