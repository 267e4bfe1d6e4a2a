/// Stands placeholders in for people, companies, addresses and numbers before a text goes to a model,
/// and puts them back in its answer. The same words get the same placeholder in every text of one call.
///
/// What is known of the lead is found by its words, whatever their case and accents, by half a double name and by a
/// company's name without its legal form; known numbers by their digits, however they are grouped; known domains in
/// any script; addresses and numbers nobody told us of by their shape. It hides too much rather than too little:
/// nothing is lost, since `restore(hide(x)) == x`.
package struct Pseudonyms: Sendable {
  private let known: Acquaintance
  private var placeholders: [[UInt8]: String] = [:]
  private var originals: [String: String] = [:]
  private var countsByLabel: [String: Int] = [:]
  private var phoneLabels: [[UInt8]: String] = [:]

  package init(people: [Person] = [], companies: [String] = []) {
    known = Acquaintance(people: people, companies: companies)
  }

  package struct Person: Sendable, Hashable {
    package let firstName: String?
    package let lastName: String?
    package let email: String?
    package let phone: String?

    package init(
      firstName: String?, lastName: String?, email: String? = nil, phone: String? = nil
    ) {
      self.firstName = firstName
      self.lastName = lastName
      self.email = email
      self.phone = phone
    }
  }

  /// The text with a placeholder for each thing to hide.
  package mutating func hide(_ text: String) -> String {
    let passage = Passage(text)
    var hidden = ""
    var position = 0
    while position < passage.scalars.count {
      guard let (end, label) = find(in: passage, at: position) else {
        hidden.unicodeScalars.append(passage.scalars[position])
        position += 1
        continue
      }
      hidden += placeholder(for: passage[position..<end], label)
      position = end
    }
    return hidden
  }

  /// The text with what was hidden in its place again. A placeholder that was not given out stays.
  package func restore(_ text: String) -> String {
    let passage = Passage(text)
    var restored = ""
    var position = 0
    while position < passage.scalars.count {
      if let end = passage.placeholderEnd(at: position),
        let original = original(of: passage[position..<end])
      {
        restored += original
        position = end
      } else {
        restored.unicodeScalars.append(passage.scalars[position])
        position += 1
      }
    }
    return restored
  }

  private func original(of placeholder: String) -> String? {
    originals[placeholder] ?? originals["[\(placeholder)]"]
  }

  private func find(in passage: Passage, at position: Int) -> (end: Int, label: String)? {
    // What looks like one of ours in a lead's own words must come back as it was.
    if let end = passage.placeholderEnd(at: position) { return (end, "TEXT") }
    if let end = passage.emailEnd(at: position) { return (end, "EMAIL") }
    if let found = known.find(in: passage, at: position) { return found }
    if let end = passage.phoneEnd(at: position) { return (end, "PHONE") }
    return nil
  }

  private mutating func placeholder(for original: String, _ label: String) -> String {
    let key = Array(original.utf8)
    if let known = placeholders[key] { return known }
    let made = "[\(numbered(label, original))]"
    placeholders[key] = made
    originals[made] = original
    return made
  }

  /// A person keeps the number; another spelling of the same name is told apart by a letter V.
  private mutating func numbered(_ label: String, _ original: String) -> String {
    var label = label
    let isNumbered = label.utf8.contains(where: { (0x30...0x39).contains($0) })
    if label == "PHONE" {
      let digits = Array(Passage(original).digits.suffix(8))
      let count = phoneLabels.count + 1
      label = phoneLabels[digits, default: "PHONE_\(count)"]
      phoneLabels[digits] = label
    } else if !isNumbered {
      let count = countsByLabel[label, default: 0] + 1
      countsByLabel[label] = count
      return "\(label)_\(count)"
    }
    let count = countsByLabel[label, default: 0] + 1
    countsByLabel[label] = count
    return count == 1 ? label : "\(label)_V\(count)"
  }
}
