import HTTPTypes
import Spool
import Testing

@testable import HTTP

@Suite struct `Uploads` {
  @Test func `fields and files come apart`() throws {
    let form = try post([
      part("name=\"_token\"", "abc"), part("name=\"mode\"", "fill\r\nblanks"),
      part("name=\"file\"; filename=\"leads.csv\"\r\nContent-Type: text/csv", "a,b\r\n1,2\r\n"),
    ])

    #expect(try form.value("_token") == "abc")
    #expect(try form.value("mode") == "fill\nblanks")
    #expect(try form.file("file")?.name == "leads.csv")
    #expect(try form.file("file").map { try $0.bytes.array() } == Array("a,b\r\n1,2\r\n".utf8))
  }

  @Test func `a file may hold what looks like a boundary, a NUL, or nothing`() throws {
    let odd = "\r\n--\r\n--boundar\r\n\0\r\n"
    let form = try post([
      part("name=\"file\"; filename=\"odd\"", odd), part("name=\"other\"; filename=\"e\"", ""),
    ])

    #expect(try form.file("file").map { try $0.bytes.array() } == Array(odd.utf8))
    #expect(try form.file("other")?.bytes.isEmpty == true)
  }

  @Test func `an input with no file chosen has none`() throws {
    #expect(try post([part("name=\"file\"; filename=\"\"", "")]).file("file") == nil)
  }

  @Test(arguments: [
    ("..\\..\\leads.csv", "leads.csv"), ("/etc/passwd", "passwd"), ("a%22b.csv", "a\"b.csv"),
    ("élèves 😀.csv", "élèves 😀.csv"),
  ])
  func `a file's name is only a name`(sent: String, kept: String) throws {
    #expect(try post([part("name=\"file\"; filename=\"\(sent)\"", "x")]).file("file")?.name == kept)
  }

  @Test func `a quoted boundary is read`() throws {
    let body = "--a b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n1\r\n--a b--\r\n"
    let form = try request(body, "Multipart/Form-Data; charset=utf-8; boundary=\"a b\"").form

    #expect(try form.value("x") == "1")
  }

  @Test(arguments: [
    "", "no boundary", "--boundary", "--boundary\r\n", "--boundary\r\n\r\n\r\nx\r\n--boundary--",
    "--boundary\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\nnever ends",
    "--boundary\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n1\r\n--boundaryx",
    "--boundary\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\na\0b\r\n--boundary--",
    "--boundary\r\nContent-Disposition: form-data; name=\"x\u{1}\"\r\n\r\n1\r\n--boundary--",
    "--boundary\r\nX: " + String(repeating: "y", count: 5_000) + "\r\n\r\n1\r\n--boundary--",
  ])
  func `what is broken off or hides something is a bad request`(body: String) {
    #expect(status { try request(body).form } == 400)
  }

  @Test func `more parts than any form has are a bad request`() {
    #expect(status { try post(Array(repeating: part("name=\"x\"", "1"), count: 51)) } == 400)
  }

  @Test func `a field of text is as long as in any form`() {
    let long = String(repeating: "x", count: 256 * 1024 + 1)

    #expect(status { try post([part("name=\"x\"", long)]) } == 413)
  }

  @Test func `fields of text together are no longer than in any form`() {
    let long = String(repeating: "x", count: 200 * 1024)

    #expect(status { try post(Array(repeating: part("name=\"x\"", long), count: 3)) } == 413)
  }

  @Test func `what is sent to an upload's address as a form of text is no longer than one`() throws
  {
    let spool = Spool(directory: "/tmp", bytesMax: 1 << 20)
    let file = try spool.file()
    try file.append(Array("a=".utf8) + [UInt8](repeating: 0x78, count: 600_000))
    let request = try Request(
      method: .post, target: "/imports",
      headers: [.contentType: "application/x-www-form-urlencoded"],
      body: Bytes(file))

    #expect(status { try request.form } == 413)
  }

  /// The boundary lies across the ends of the pieces in which a body is looked through.
  @Test(arguments: [65_400, 65_440, 65_500, 65_530, 131_000, 200_000])
  func `a file is found whole wherever its boundaries lie`(length: Int) throws {
    let content = String((0..<length).map { "\r\n--boundar".map { $0 }[$0 % 9] })
    let body =
      part("name=\"file\"; filename=\"a\"", content) + part("name=\"x\"", "1") + "--boundary--\r\n"
    let file = try Spool(directory: "/tmp", bytesMax: 1 << 20).file()
    try file.append(Array(body.utf8))
    let form = try Request(
      method: .post, target: "/imports",
      headers: [.contentType: "multipart/form-data; boundary=boundary"], body: Bytes(file)
    ).form

    #expect(try form.file("file")?.bytes.array() == Array(content.utf8))
    #expect(try form.value("x") == "1")
  }

  @Test(arguments: ["multipart/form-data", "multipart/form-data; boundary=", "text/csv"])
  func `without a boundary there is nothing to read`(type: String) {
    #expect([400, 415].contains(status { try request("--x--", type).form }))
  }

  @Test func `two files where one is meant are a bad request`() throws {
    let form = try post(Array(repeating: part("name=\"file\"; filename=\"a\"", "1"), count: 2))

    #expect(status { try form.file("file") } == 400)
  }

  private func part(_ head: String, _ content: String) -> String {
    "--boundary\r\nContent-Disposition: form-data; \(head)\r\n\r\n\(content)\r\n"
  }

  private func post(_ parts: [String]) throws -> PostedForm {
    try request(parts.joined() + "--boundary--\r\n").form
  }

  private func request(
    _ body: String, _ type: String = "multipart/form-data; boundary=boundary"
  ) throws -> Request {
    try Request(
      method: .post, target: "/imports", headers: [.contentType: type],
      body: Bytes(Array(body.utf8)))
  }

  private func status(of body: () throws -> some Any) -> Int? {
    do {
      _ = try body()
      return nil
    } catch let error as ClientError {
      return error.status.code
    } catch {
      return 0
    }
  }
}
