import HTTPTypes
import Spool
import Testing

@testable import HTTP

private enum Words: FieldMessage, Equatable {
  case say(String)
  case tooLong(Int)

  static func tooLong(limit: Int) -> Words { .tooLong(limit) }
  static var oddLine: Words { .say("One line, please.") }
}

private enum Stage: String { case new, won }

/// A page's form, as a page writes it.
private struct NewLeadForm {
  let title: Field<String, Words>
  let note: Field<String?, Words>
  let body: Field<String, Words>
  let stage: Field<Stage, Words>
  let amount: Field<Int, Words>

  init(_ posted: PostedForm) throws {
    title = try posted.text("title", max: 10, orElse: .say("Give it a title."))
    note = try posted.optionalText("note", max: 5)
    body = try posted.multiline("body", max: 20, orElse: .say("Write something."))
    stage = try posted.choice("stage", orElse: .say("Choose a stage."))
    amount = try posted.integer("amount", in: 1...100, orElse: .say("1 to 100."))
  }
}

private func post(_ body: String) throws -> PostedForm {
  try Request(
    method: .post, target: "/leads",
    headers: [.contentType: "application/x-www-form-urlencoded"], body: Bytes(Array(body.utf8))
  ).form
}

private func status(of body: String) -> Int? {
  do {
    _ = try post(body)
    return nil
  } catch let error as ClientError {
    return error.status.code
  } catch {
    return 0
  }
}

@Suite struct `A page's form` {
  @Test func `reads what was typed into what it means`() throws {
    let form = try NewLeadForm(
      post("title=+Roof%20fix+&note=&body=a%0D%0Ab&stage=won&amount=7"))

    #expect(form.title.value == "Roof fix")
    #expect(form.title.typed == " Roof fix ")
    #expect(form.note.value == .some(nil))
    #expect(form.body.value == "a\nb")
    #expect(form.stage.value == .won)
    #expect(form.amount.value == 7)
  }

  @Test func `keeps what was typed beside each error`() throws {
    let form = try NewLeadForm(
      post("title=%20%20&note=toolong&body=+%0A&stage=lost&amount=%2B7"))

    #expect(form.title.error == .say("Give it a title."))
    #expect(form.title.typed == "  ")
    #expect(form.note.error == .tooLong(5))
    #expect(form.note.typed == "toolong")
    #expect(form.body.error == .say("Write something."))
    #expect(form.stage.error == .say("Choose a stage."))
    #expect(form.stage.typed == "lost")
    #expect(form.amount.error == .say("1 to 100."))
    #expect(form.amount.typed == "+7")
  }

  @Test func `takes absent fields for blank ones`() throws {
    let form = try NewLeadForm(post(""))

    #expect(form.title.error == .say("Give it a title."))
    #expect(form.note.value == .some(nil))
    #expect(form.amount.error == .say("1 to 100."))
  }

  @Test func `counts code points as the database does`() throws {
    let ten = String(repeating: "é", count: 10)

    let fits: Field<String, Words> = try post("t=\(PercentEncoding.encode(ten))")
      .text("t", max: 10, orElse: .say(""))
    let decomposed: Field<String, Words> = try post("t=" + String(repeating: "e%CC%81", count: 10))
      .text("t", max: 10, orElse: .say(""))

    #expect(fits.value == ten)
    #expect(decomposed.error == .tooLong(10))
  }

  @Test func `refuses a line break where one line is meant`() throws {
    let field: Field<String, Words> = try post("t=a%0Ab").text(
      "t", max: 10, orElse: .say("One line."))

    #expect(field.value == nil)
    #expect(field.error == .oddLine)
  }

  @Test func `trims white space though a combining mark follows it`() throws {
    let field: Field<String, Words> = try post("t=%C2%A0a%20%CC%81b%20")
      .text("t", max: 10, orElse: .say(""))

    #expect(field.value.map { Array($0.utf8) } == Array("a \u{301}b".utf8))
  }
}

@Suite struct `A posted body` {
  @Test func `gives repeated fields only to who asks for them all`() throws {
    let form = try post("to=a&to=b&token=x")

    #expect(form.values("to") == ["a", "b"])
    #expect(try form.value("token") == "x")
    #expect(throws: ClientError.self) { try form.value("to") }
    #expect(try form.isChecked("agree") == false)
  }

  @Test func `has line feeds only`() throws {
    #expect(try post("b=a%0D%0Ab%0Dc%0Ad%0D%0D%0A").value("b") == "a\nb\nc\nd\n\n")
    #expect(try post("b=a\r\nb").value("b") == "a\nb")
    #expect(try post("b=%0A%09").value("b") == "\n\t")
  }

  @Test(
    arguments: [
      "a=%00", "a=x%00y", "a=%01", "a=%08", "a=%0B", "a=%0C", "a=%1B", "a=%1F", "a=%7F", "a=%C2%80",
      "a=%C2%85", "a=%C2%9F", "a=%C0%80", "a=%C0%AF", "a=%E0%80%80", "a=%ED%A0%80", "a=%FF",
      "a=%80",
      "a=%C3", "a=%F4%90%80%80", "a=%F8%88%80%80%80", "a=%", "a=%1", "a=%GG", "%00=a", "a%0A=b",
      "%FF=b",
      "a=\u{0}", "a=\u{1}",
    ])
  func `with a control character or broken text is refused`(body: String) {
    #expect(status(of: body) == 400)
  }

  @Test func `keeps the characters around the refused ones`() throws {
    #expect(try post("a=%C2%A0%20%7E").value("a") == "\u{A0} ~")
  }

  @Test func `is bounded in fields and in bytes a field`() {
    #expect(status(of: String(repeating: "a=1&", count: 200)) == nil)
    #expect(status(of: String(repeating: "a=1&", count: 201)) == 400)
    #expect(status(of: "a=" + String(repeating: "x", count: 262_144)) == nil)
    #expect(status(of: "a=" + String(repeating: "x", count: 262_145)) == 413)
    #expect(status(of: String(repeating: "n", count: 129) + "=1") == 413)
  }

  @Test func `of another kind is no form`() throws {
    let json = try Request(
      method: .post, target: "/", headers: [.contentType: "application/json"],
      body: Bytes([0x7B, 0x7D]))
    let charset = try Request(
      method: .post, target: "/",
      headers: [.contentType: "application/x-www-form-urlencoded ; charset=UTF-8"],
      body: Bytes(Array("a=1".utf8)))
    let untyped = try Request(method: .post, target: "/", body: Bytes(Array("a=1".utf8)))

    #expect(throws: ClientError.unsupportedMediaType("the body is not a form")) { try json.form }
    #expect(throws: ClientError.unsupportedMediaType("the body is not a form")) { try untyped.form }
    #expect(try charset.form.value("a") == "1")
  }
}
