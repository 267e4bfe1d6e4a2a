import Templating

/// A filter of a list that is one click away.
struct FilterLink: Templated {
  let name: L
  let url: String
  let isCurrent: Bool

  /// "All", then one for each value.
  static func all<Value: Equatable>(
    _ values: [Value], chosen: Value?, words: (Value) -> L, url: (Value?) -> String
  ) -> [FilterLink] {
    var links = [FilterLink(name: L("All"), url: url(nil), isCurrent: chosen == nil)]
    for value in values {
      links.append(FilterLink(name: words(value), url: url(value), isCurrent: chosen == value))
    }
    return links
  }

  static let keys = Keys<FilterLink>()
    .text("name", \.name).text("url", \.url).flag("current", \.isCurrent)
    .text("count") { _ in String?.none }
}
