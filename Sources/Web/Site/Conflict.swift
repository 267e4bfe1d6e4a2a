import Templating

/// Somebody saved the same thing while a form was being filled in: who, and where it differs from what
/// was typed, which stands in the form.
struct Conflict: Templated {
  let title: L
  var moment: Moment?
  let fields: [Field]

  /// One field of the form as it is saved.
  struct Field: Templated {
    let label: L
    private let words: L
    fileprivate let isSame: Bool

    /// `words` where what is typed and saved is a code.
    init(_ label: L, typed: String, saved: String, words: L? = nil) {
      self.label = label
      self.words = words ?? (saved.isEmpty ? L("nothing") : L(verbatim: saved))
      isSame = typed.utf8.elementsEqual(saved.utf8)
    }

    static let keys = Keys<Field>().text("label", \.label).text("saved_value") { $0.words }
  }

  init(_ title: L, at moment: Moment? = nil, _ fields: [Field]) {
    self.title = title
    self.moment = moment
    self.fields = fields.filter { !$0.isSame }
  }

  /// Of settings, which are every admin's.
  static func settings(_ fields: [Field]) -> Conflict {
    Conflict(L("Somebody saved these settings while this page was open"), fields)
  }

  static let keys = Keys<Conflict>()
    .text("conflict_title", \.title).moment("saved_at") { $0.moment }
    .flag("differs") { !$0.fields.isEmpty }.list("conflict_fields", \.fields)
}
