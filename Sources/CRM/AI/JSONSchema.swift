/// The part of JSON Schema that we send to a model, and hold its answer against: every object names
/// all it may hold, and all of it is required.
package indirect enum JSONSchema: Sendable {
  case object(KeyValuePairs<StaticString, JSONSchema>)
  case array(of: JSONSchema, count: ClosedRange<Int>)
  /// Lengths in Unicode scalars, as JSON Schema counts.
  case string(length: ClosedRange<Int>)
  case oneOf([String])
  case number(ClosedRange<Double>)
  case integer(ClosedRange<Int>)
  case bool

  /// As the request carries it.
  package var json: JSON {
    switch self {
    case .object(let properties):
      .object([
        "type": .string("object"),
        "properties": .members(properties.map { ("\($0.key)", $0.value.json) }),
        "required": .array(properties.map { .string("\($0.key)") }),
        "additionalProperties": .bool(false),
      ])
    case .array(let items, let count):
      .object([
        "type": .string("array"), "items": items.json, "minItems": .number(count.lowerBound),
        "maxItems": .number(count.upperBound),
      ])
    case .string(let length):
      .object([
        "type": .string("string"), "minLength": .number(length.lowerBound),
        "maxLength": .number(length.upperBound),
      ])
    case .oneOf(let choices):
      .object(["type": .string("string"), "enum": .array(choices.map(JSON.string))])
    case .number(let range):
      .object([
        "type": .string("number"), "minimum": .number(Int(range.lowerBound)),
        "maximum": .number(Int(range.upperBound)),
      ])
    case .integer(let range):
      .object([
        "type": .string("integer"), "minimum": .number(range.lowerBound),
        "maximum": .number(range.upperBound),
      ])
    case .bool: .object(["type": .string("boolean")])
    }
  }

  /// What is wrong with the value, with where; nil when nothing is. The answer's own words are not
  /// repeated: the sentence goes to logs and pages.
  package func objection(to value: JSONValue, at path: String = "answer") -> String? {
    switch (self, value) {
    case (.object(let properties), .object(let members)):
      objection(toMembers: members, properties, at: path)
    case (.array(let items, let count), .array(let elements)):
      count.contains(elements.count)
        ? elements.enumerated().lazy
          .compactMap { items.objection(to: $1, at: "\(path)[\($0)]") }.first
        : "\(path) holds \(elements.count) entries"
    case (.string(let length), .string(let text)):
      length.contains(text.unicodeScalars.count)
        ? nil : "\(path) is \(text.unicodeScalars.count) characters long"
    case (.oneOf(let choices), .string(let text)):
      // Bytes: two spellings of é are two choices.
      choices.contains { $0.utf8.elementsEqual(text.utf8) }
        ? nil : "\(path) is none of the choices"
    case (.number(let range), .number(let number)):
      range.contains(number) ? nil : "\(path) is out of range"
    case (.integer(let range), .number(let number)):
      Int(exactly: number).map(range.contains) == true ? nil : "\(path) is out of range"
    case (.bool, .bool): nil
    default: "\(path) is of another type"
    }
  }

  private func objection(
    toMembers members: [String: JSONValue], _ properties: KeyValuePairs<StaticString, JSONSchema>,
    at path: String
  ) -> String? {
    for (name, schema) in properties {
      guard let value = members["\(name)"] else { return "\(path).\(name) is missing" }
      if let objection = schema.objection(to: value, at: "\(path).\(name)") { return objection }
    }
    return members.count == properties.count ? nil : "\(path) holds a field that was not asked for"
  }
}
