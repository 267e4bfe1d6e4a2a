import HTTPTypes
import Testing

@testable import HTTP

@Suite struct `A request's path` {
  private func path(_ target: String) throws(ClientError) -> RequestPath {
    try Request(method: .get, target: target).path
  }

  @Test func `is split at slashes and decoded once`() throws {
    #expect(try path("/").segments == [])
    #expect(try path("/leads/7").segments == ["leads", "7"])
    #expect(try path("/a%20b/caf%C3%A9").segments == ["a b", "café"])
    #expect(try path("/100%2525").segments == ["100%25"])
    #expect(try path("/leads/").segments == ["leads", ""])
    #expect(try path("/a+b").segments == ["a+b"])
    #expect(try path("/a%20b?x=1").raw == "/a%20b")
  }

  @Test(
    arguments: [
      "", "leads", "*", "http://host/", "//", "//evil.example", "/leads//7", "/a/../b", "/a/./b",
      "/..",
      "/.", "/%2e", "/%2E%2e/x", "/.%2e", "/a%2fb", "/a%2Fb", "/a%5cb", "/a%5Cb", "/a\\b", "/a%00b",
      "/%00", "/a%01", "/a%0ab", "/a%0db", "/a%1f", "/a%7f", "/a%c2%80", "/a%c2%85b", "/a%C2%9F",
      "/%",
      "/a%", "/a%4", "/a%zz", "/a%4g", "/%u0041", "/a%c0%af", "/a%c0%ae", "/%e0%80%af",
      "/%f0%80%80%af",
      "/%c0%80", "/%ff", "/%fe%ff", "/%80", "/%c3", "/%c3%28", "/%ed%a0%80", "/%f4%90%80%80",
      "/a b", "/a\tb", "/a\nb", "/a\r\nb", "/a\u{0}b", "/a\u{7f}", "/é", "/a#b", "/a%2f%2fb",
      "/\u{2215}", "/%2f", "/a/%2e%2e%2fb",
    ])
  func `that is ambiguous or broken is refused`(target: String) {
    #expect(throws: ClientError.self) { try path(target) }
    #expect(refusal(of: target) == 400)
  }

  @Test func `may not be longer or deeper than any page's`() {
    #expect(refusal(of: "/" + String(repeating: "a", count: 8192)) == 414)
    #expect(refusal(of: String(repeating: "/a", count: 32)) == nil)
    #expect(refusal(of: String(repeating: "/a", count: 33)) == 400)
  }

  private func refusal(of target: String) -> Int? {
    do throws(ClientError) {
      _ = try path(target)
      return nil
    } catch {
      return error.status.code
    }
  }
}

@Suite struct `A query` {
  private func query(_ text: String) throws(ClientError) -> NamedValues {
    try Request(method: .get, target: "/?" + text).query
  }

  @Test func `gives its values decoded and in order`() throws {
    let query = try query("q=a+b%26c&stage=new&stage=won&flag&empty=&&x=1=2")

    #expect(try query.value("q") == "a b&c")
    #expect(query.values("stage") == ["new", "won"])
    #expect(try query.value("flag") == "")
    #expect(try query.value("empty") == "")
    #expect(try query.value("x") == "1=2")
    #expect(try query.value("absent") == nil)
  }

  @Test func `read as one value must not have two`() throws {
    let query = try query("stage=new&stage=won")

    #expect(throws: ClientError.badRequest("a field that may be given once is repeated")) {
      try query.value("stage")
    }
  }

  @Test func `does not take one spelling of a letter for another`() throws {
    let query = try query("e%CC%81=decomposed")

    #expect(try query.value("\u{e9}") == nil)
    #expect(try query.value("e\u{301}") == "decomposed")
  }

  @Test(arguments: ["q=%00", "q=%0a", "q=%", "q=%c0%80", "q=%ff", "%00=1", "q=%c2%90", "q=%7f"])
  func `with controls or broken encoding is refused`(text: String) {
    #expect(throws: ClientError.self) { try query(text) }
  }

  @Test func `survives being written and read`() throws {
    let written = NamedValues.encode([("näme", "a b&c=d%+\u{10FFFF}"), ("n", "")])

    #expect(try query(written).value("näme") == "a b&c=d%+\u{10FFFF}")
    #expect(written.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
  }
}

@Suite struct `Percent-encoding` {
  @Test func `round-trips every byte pair`() {
    for scalar in (0x20...0x2FFF).compactMap(Unicode.Scalar.init) {
      let text = "x\(scalar)y"
      #expect(PercentEncoding.decode(PercentEncoding.encode(text)) == Array(text.utf8))
    }
  }

  @Test func `leaves only unreserved characters bare`() {
    #expect(PercentEncoding.encode("aZ09-._~") == "aZ09-._~")
    #expect(
      PercentEncoding.encode(" /?#[]@!$&'()*+,;=\"<>%")
        == "%20%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D%22%3C%3E%25")
  }

  @Test(arguments: ["%", "%4", "a%", "%g0", "%0g", "%%41", "% 41"])
  func `decodes no broken escape`(text: String) {
    #expect(PercentEncoding.decode(text) == nil)
  }
}

@Suite struct `A strict decimal` {
  @Test(arguments: [
    ("0", 0), ("7", 7), ("007", 7), ("-1", -1), ("9223372036854775807", Int64.max),
    ("-9223372036854775808", Int64.min),
  ])
  func `is ASCII digits within the type's range`(text: String, value: Int64) {
    #expect(Int64(strictDecimal: text) == value)
  }

  @Test(
    arguments: [
      "", "-", "+5", "-0", "--1", " 5", "5 ", "0x1", "1e3", "1.0", "1,000", "٣", "５", "1\u{301}",
      "1\0",
      "9223372036854775808", "-9223372036854775809", "99999999999999999999", "1_000", "\u{2212}1",
      "00000000000000000000",
    ])
  func `is nothing else`(text: String) {
    #expect(Int64(strictDecimal: text) == nil)
  }

  @Test func `does not trap in a narrow type`() {
    #expect(UInt8(strictDecimal: "255") == 255)
    #expect(UInt8(strictDecimal: "256") == nil)
    #expect(UInt8(strictDecimal: "-1") == nil)
    #expect(Int32(strictDecimal: "-2147483648") == .min)
    #expect(Int32(strictDecimal: "2147483648") == nil)
  }
}

@Suite struct `A path to go to next` {
  @Test(arguments: [
    "/", "/leads", "/leads/7?page=2&q=a_b", "/a.b-c",
    "/leads?q=Ada+B%C3%A9&tag=A%2FB&from=2026-01-01",
    "/leads?q=%2F%2Fevil.example",
  ])
  func `is a page of this site`(path: String) {
    #expect(LocalPath.accept(path) == path)
  }

  @Test(
    arguments: [
      "", "leads", "//evil.example", "/\\evil.example", "\\\\evil", "https://evil.example", "/a//b",
      "/leads\r\nX: y", "/leads\n", "/leads\0", "/%2f/evil", "/Leads", "/a b", "/a#b", "/a@b",
      "/a:b", "/a?b=%0d%0aX:y", "/a?b=%0d%0aX", "/a?b=%00", "/a?b=%zz", "/a?b=%C3", "/%41",
      "/a?b=c\\d", "/a?b=c d",
      "/a?b=é", "/a?b=<c>",
      "javascript:alert(1)", " /leads", "/leads\u{301}", "/é", "\t/leads", "/a;b", "/\u{2215}evil",
    ])
  func `is nothing a browser could take elsewhere`(path: String) {
    #expect(LocalPath.accept(path) == nil)
  }
}
