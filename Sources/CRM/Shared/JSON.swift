import Postgres

/// A JSON value on its way into a `jsonb` column.
package enum JSON: Sendable, SQLValue {
  case null
  case bool(Bool)
  case number(Int)
  case string(String)
  case array([JSON])
  /// In the order written; keys are ours.
  case object(KeyValuePairs<StaticString, JSON>)
  /// As `object`, with keys that are known only at run time.
  case members([(name: String, value: JSON)])

  package var bind: Bind { .text(text) }

  package var text: String {
    var text: [UInt8] = []
    write(into: &text)
    return String(decoding: text, as: UTF8.self)
  }

  private func write(into text: inout [UInt8]) {
    switch self {
    case .null: text += "null".utf8
    case .bool(let value): text += (value ? "true" : "false").utf8
    case .number(let value): text += String(value).utf8
    case .string(let value): Self.write(value, into: &text)
    case .array(let elements):
      text.append(UInt8(ascii: "["))
      for (position, element) in elements.enumerated() {
        if position > 0 { text.append(UInt8(ascii: ",")) }
        element.write(into: &text)
      }
      text.append(UInt8(ascii: "]"))
    case .object(let members):
      Self.write(members.map { ("\($0.key)", $0.value) }, into: &text)
    case .members(let members): Self.write(members.map { ($0.name, $0.value) }, into: &text)
    }
  }

  private static func write(_ members: [(String, JSON)], into text: inout [UInt8]) {
    text.append(UInt8(ascii: "{"))
    for (position, member) in members.enumerated() {
      if position > 0 { text.append(UInt8(ascii: ",")) }
      write(member.0, into: &text)
      text.append(UInt8(ascii: ":"))
      member.1.write(into: &text)
    }
    text.append(UInt8(ascii: "}"))
  }

  /// RFC 8259 section 7: quotes, backslashes and control bytes are escaped, the rest is UTF-8.
  private static func write(_ string: String, into text: inout [UInt8]) {
    let digits = Array("0123456789abcdef".utf8)
    text.append(UInt8(ascii: "\""))
    for byte in string.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += [UInt8(ascii: "\\"), byte]
      case 0..<0x20:
        text += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      default: text.append(byte)
      }
    }
    text.append(UInt8(ascii: "\""))
  }
}

extension JSON {
  package static func string(_ value: String?) -> JSON { value.map(JSON.string) ?? .null }
  package static func id<Subject>(_ id: ID<Subject>) -> JSON { .string(id.description) }
}
