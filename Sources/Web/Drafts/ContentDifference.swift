import CRM
import Templating

/// What differs between two contents: the fields one by one, the text line by line.
struct ContentDifference: Templated {
  let fields: [FieldLine]
  let lines: [DiffLine]

  struct FieldLine: Templated {
    let label: L
    let before: String?
    let after: String?

    static let keys = Keys<FieldLine>()
      .text("label", \.label).text("before", \.before).text("after", \.after)
  }

  init(from old: Manifest, to new: Manifest) {
    func people(_ manifest: Manifest, _ kind: Recipient.Kind) -> String {
      Letter.lines(manifest, kind).map(\.address).joined(separator: ", ")
    }
    let pairs: [(L, String, String)] = [
      (
        L("From"), Letter.mailbox(old.senderName, old.senderAddress),
        Letter.mailbox(new.senderName, new.senderAddress)
      ),
      (L("To"), people(old, .to), people(new, .to)),
      (L("Cc"), people(old, .cc), people(new, .cc)),
      (L("Bcc"), people(old, .bcc), people(new, .bcc)),
      (L("Subject"), old.subject, new.subject),
    ]
    fields = pairs.filter { !$0.1.utf8.elementsEqual($0.2.utf8) }
      .map { FieldLine(label: $0.0, before: $0.1, after: $0.2) }
    lines = LineDiff.between(old.bodyMarkdown, new.bodyMarkdown).map(DiffLine.init)
  }

  /// Nothing to compare with.
  init() {
    fields = []
    lines = []
  }

  static let keys = Keys<ContentDifference>()
    .flag("has_field_changes") { !$0.fields.isEmpty }.list("field_changes", \.fields)
    .flag("has_diff") { !$0.lines.isEmpty }.list("diff", \.lines)
}

struct DiffLine: Templated {
  let line: LineDiff.Line

  private var text: String {
    switch line {
    case .same(let text), .added(let text), .removed(let text): text
    case .skipped: ""
    }
  }

  private var skipped: Int {
    if case .skipped(let count) = line { count } else { 0 }
  }

  static let keys = Keys<DiffLine>()
    .flag("added") { if case .added = $0.line { true } else { false } }
    .flag("removed") { if case .removed = $0.line { true } else { false } }
    .flag("same") { if case .same = $0.line { true } else { false } }
    .flag("skipped") { $0.skipped > 0 }
    .text("text") { $0.text }.text("line_count") { $0.skipped }
}
