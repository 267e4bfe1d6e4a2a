import HTTP
import HTTPTypes
import Spool
import Testing

/// An answer of the site, read as a person or a test reads it.
package struct Page: CustomTestStringConvertible {
  package let status: Int
  package let response: Response
  package let html: String
  /// Database round trips, as the request's log line says.
  package let trips: Int

  init(_ response: Response, trips: Int) throws {
    self.trips = trips
    status = Int(response.status.code)
    self.response = response
    html = String(decoding: try response.body.array(), as: UTF8.self)
  }

  package var testDescription: String { "\(status) \(location ?? heading ?? "")" }

  package var location: String? { response.header(.location) }

  /// The path a redirect leads to, without its query.
  package var place: String? { location.map { String($0.prefix { $0 != "?" }) } }

  /// The last part of the place: the id in `/leads/{id}`.
  package var id: String { place.map { String($0.split(separator: "/").last ?? "") } ?? "" }

  package func header(_ name: String) -> String? {
    HTTPField.Name(name).flatMap { response.header($0) }
  }

  /// What a person reads: no tags, entities as characters, white space folded.
  package var text: String { Self.words(of: html) }

  static func words(of markup: some StringProtocol) -> String {
    var text = ""
    var isInTag = false
    for scalar in markup.unicodeScalars {
      if scalar == "<" { isInTag = true }
      if !isInTag { text.unicodeScalars.append(scalar) }
      if scalar == ">" {
        isInTag = false
        text += " "
      }
    }
    return decoded(text).split { $0.isWhitespace }.joined(separator: " ")
  }

  package func shows(_ words: String) -> Bool { text.contains(words) }

  package var heading: String? { inside("<h1", "</h1>") }

  /// The message beside a field.
  package func error(beside field: String) -> String? {
    inside("id=\"\(field)-error\"", "</p>")
  }

  /// What stands in a field that came back.
  package func typed(_ field: String) -> String? {
    if let value = attribute("value", of: "id=\"\(field)\"") { return value }
    guard let area = between("<textarea id=\"\(field)\"", "</textarea>"),
      let end = area.firstIndex(of: ">")
    else { return nil }
    // A line feed behind the tag belongs to the markup, not to the text.
    return Self.decoded(String(area[area.index(after: end)...].drop { $0 == "\n" }))
  }

  /// A hidden field's value.
  package func hidden(_ name: String) -> String? { attribute("value", of: "name=\"\(name)\"") }

  package func has(_ markup: String) -> Bool { html.contains(markup) }

  private func attribute(_ name: String, of mark: String) -> String? {
    guard let tag = between("<input", mark).map({ _ in mark }), let start = html.range(of: tag)
    else { return nil }
    let rest = html[start.upperBound...].prefix { $0 != ">" }
    guard let value = rest.range(of: "\(name)=\"") else { return nil }
    return Self.decoded(String(rest[value.upperBound...].prefix { $0 != "\"" }))
  }

  private func inside(_ opening: String, _ closing: String) -> String? {
    guard let element = between(opening, closing), let end = element.firstIndex(of: ">") else {
      return nil
    }
    return Self.words(of: element[element.index(after: end)...])
  }

  private func between(_ opening: String, _ closing: String) -> Substring? {
    guard let start = html.range(of: opening),
      let end = html[start.upperBound...].range(of: closing)
    else { return nil }
    return html[start.upperBound..<end.lowerBound]
  }

  static func decoded(_ text: String) -> String {
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")]
      .reduce(text) { $0.replacing($1.0, with: $1.1) }
  }
}

extension StringProtocol {
  func range(of needle: String) -> Range<Index>? {
    guard let first = needle.first else { return nil }
    var start = startIndex
    while let candidate = self[start...].firstIndex(of: first) {
      if self[candidate...].hasPrefix(needle) {
        return candidate..<index(candidate, offsetBy: needle.count)
      }
      start = index(after: candidate)
    }
    return nil
  }
}

extension Page {
  /// The value that the answer gives a cookie.
  package func cookie(_ name: String) -> String? {
    for header in response.headers where header.name == .setCookie {
      if header.value.hasPrefix("\(name)=") {
        return String(header.value.dropFirst(name.count + 1).prefix { $0 != ";" })
      }
    }
    return nil
  }

  /// Where the link with these words leads.
  package func link(_ words: String) -> String? {
    for candidate in html.split(separator: "<a ") {
      guard let end = candidate.firstIndex(of: ">"),
        candidate[candidate.index(after: end)...].hasPrefix(words),
        let start = candidate.range(of: "href=\"")
      else { continue }
      return String(candidate[start.upperBound...].prefix { $0 != "\"" }).replacing(
        "&amp;", with: "&")
    }
    return nil
  }

  /// The titles in the lead list, from top to bottom.
  package var leadTitles: [String] {
    html.split(separator: "<th scope=\"row\">").dropFirst().compactMap { row in
      row.firstIndex(of: ">").map { end in
        String(row[row.index(after: end)...].prefix { $0 != "<" }).replacing("&amp;", with: "&")
      }
    }
  }
}
