import CSV
import Testing

@Suite struct `Writing CSV` {
  @Test func `the file begins with a byte order mark and its lines end as RFC 4180 says`() {
    #expect(written([["a", "b"], ["Zoë", ""]]) == "\u{FEFF}a,b\r\nZoë,\r\n")
  }

  @Test func `only what needs quotes has them`() {
    #expect(
      written([["a,b", "say \"hi\"", "two\nlines", " edge", "plain; text"]])
        == "\u{FEFF}\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",\" edge\",plain; text\r\n")
  }

  @Test(arguments: ["=1+1", "+33612345678", "-2", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1"])
  func `what a spreadsheet would calculate becomes text`(field: String) {
    #expect(written([[field]]) == "\u{FEFF}\"'\(field)\"\r\n")
    #expect(CSVWriter.unguarded("'" + field) == field)
  }

  @Test func `a formula is found under a combining mark`() {
    #expect(written([["=\u{0301}1"]]).unicodeScalars.contains("'"))
  }

  @Test func `an apostrophe of one's own stays`() {
    #expect(CSVWriter.unguarded("'s Gravenhage") == "'s Gravenhage")
    #expect(CSVWriter.unguarded("O'Hara") == "O'Hara")
  }

  @Test func `what was written is read as it was`() {
    let rows = [["name", "note"], ["Ada, \"A\"", "line\nline"], ["Zoë 😀", ";\t,"]]
    var writer = CSVWriter()
    for row in rows { writer.write(row) }

    #expect(read(writer.bytes).map(\.fields) == rows)
  }

  private func written(_ rows: [[String]]) -> String {
    var writer = CSVWriter()
    for row in rows { writer.write(row) }
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}
