/// One field of a page's form: what was typed, what it means, what to say when it means nothing.
///
/// `Message` is the site's type of translatable sentences, which this target does not know.
package struct Field<Value: Sendable, Message: Sendable>: Sendable {
  /// Kept exactly as typed, so that the page can be shown again with it.
  package var typed: String
  package var value: Value?
  package var error: Message?

  package init(typed: String = "", value: Value? = nil, error: Message? = nil) {
    self.typed = typed
    self.value = value
    self.error = error
  }
}

/// The sentence that every form needs and no form writes itself.
package protocol FieldMessage: Sendable {
  /// More than this many code points were typed.
  static func tooLong(limit: Int) -> Self
  /// A line break or a control character stands in one line.
  static var oddLine: Self { get }
}
