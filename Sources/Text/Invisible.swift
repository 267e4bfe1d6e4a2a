/// Code points that a reader does not see but a program or a model does: what Unicode calls default
/// ignorable (zero-width characters, joiners, soft hyphens, variation selectors, tags, the controls
/// that turn the direction of writing, blank fillers), and the few that only look like nothing. They
/// are taken out where text comes in and again where it is rendered.
///
/// An emoji built with joiners falls into its parts; that is the price.
package enum Invisible {
  /// The text without them, and how many there were.
  package static func strip(_ text: String) -> (text: String, count: Int) {
    guard text.utf8.contains(where: { $0 >= firstLead }) else { return (text, 0) }
    var kept = String.UnicodeScalarView()
    var count = 0
    for scalar in text.unicodeScalars {
      if isInvisible(scalar) { count += 1 } else { kept.append(scalar) }
    }
    return (count == 0 ? text : String(kept), count)
  }

  package static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x2028, 0x2029: true  // separators that no form of ours breaks a line at
    case 0x2800: true  // braille without dots
    case 0xFFF9...0xFFFB: true  // marks of an annotation
    default: scalar.properties.isDefaultIgnorableCodePoint
    }
  }

  /// The first byte in UTF-8 of the lowest of them, U+00AD.
  private static let firstLead: UInt8 = 0xC2
}
