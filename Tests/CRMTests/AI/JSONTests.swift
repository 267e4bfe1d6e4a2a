import Testing

@testable import CRM

@Suite struct `JSON from outside` {
  private func read(_ text: String) throws -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }

  @Test func `is read with every kind of value`() throws {
    let value = try read(
      #" {"a":[1,-2.5e1,true,false,null],"b":"\u00e9\ud83d\ude00\n\/é","c":{}} "#)

    #expect(
      value
        == .object([
          "a": .array([.number(1), .number(-25), .bool(true), .bool(false), .null]),
          "b": .string("é😀\n/é"), "c": .object([:]),
        ]))
  }

  @Test(arguments: [
    "", " ", "{", "[1,]", #"{"a":1,}"#, #"{"a" 1}"#, "{a:1}", "'a'", "01", "+1", "1.", ".5", "1e",
    "--1",
    "nul", "tru", "truex", "1 2", #""\x""#, #""\ud800""#, #""\ud800\u0041""#, #""\u+123""#,
    "\"\n\"",
    "\"open", #"{"a":1,"a":2}"#, "1e999", "NaN", "[1] // no", "```json\n{}\n```",
  ])
  func `is nothing but JSON`(text: String) {
    #expect(throws: JSONFault.self) { try read(text) }
  }

  @Test func `is valid UTF-8`() {
    #expect(throws: JSONFault.self) { try JSONValue(parsing: [0x22, 0xFF, 0x22]) }
  }

  @Test func `nests as deep as sense goes`() throws {
    #expect(throws: JSONFault.self) { try read(String(repeating: "[", count: 100_000)) }
    _ = try read(String(repeating: "[", count: 32) + String(repeating: "]", count: 32))
  }

  @Test func `comes back as it was written`() throws {
    let text = "quote \" backslash \\ line\n tab\t NUL\u{0} é 😀"

    #expect(try read(JSON.object(["t": .string(text)]).text)["t"]?.string == text)
  }
}

@Suite struct `A schema` {
  private let schema = JSONSchema.object([
    "items": .array(
      of: .object([
        "text": .string(length: 2...5), "kind": .oneOf(["é", "b"]), "count": .integer(1...3),
      ]), count: 1...2)
  ])

  private func objection(_ text: String) throws -> String? {
    schema.objection(to: try JSONValue(parsing: Array(text.utf8)))
  }

  @Test func `lets through what it describes`() throws {
    #expect(try objection(#"{"items":[{"text":"éé😀","kind":"é","count":3}]}"#) == nil)
  }

  @Test(arguments: [
    (#"[]"#, "answer is of another type"),
    (#"{}"#, "answer.items is missing"),
    (#"{"items":[]}"#, "answer.items holds 0 entries"),
    (#"{"items":[1]}"#, "answer.items[0] is of another type"),
    (
      #"{"items":[{"text":"a","kind":"b","count":1}]}"#, "answer.items[0].text is 1 characters long"
    ),
    (
      #"{"items":[{"text":"aa","kind":"e\u0301","count":1}]}"#,
      "answer.items[0].kind is none of the choices"
    ),
    (#"{"items":[{"text":"aa","kind":"b","count":1.5}]}"#, "answer.items[0].count is out of range"),
    (
      #"{"items":[{"text":"aa","kind":"b","count":1,"to":"x"}]}"#,
      "answer.items[0] holds a field that was not asked for"
    ),
  ])
  func `says what is wrong and where`(text: String, sentence: String) throws {
    #expect(try objection(text) == sentence)
  }

  @Test func `is sent with all of it required and nothing beside`() {
    #expect(
      JSONSchema.object(["a": .string(length: 1...9)]).json.text
        == #"{"type":"object","properties":{"a":{"type":"string","minLength":1,"maxLength":9}},"#
        + #""required":["a"],"additionalProperties":false}"#)
  }
}
