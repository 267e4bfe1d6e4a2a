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
    #expect(FormulaGuard.unguarded("'" + field) == field)
  }

  @Test func `a formula is found under a combining mark`() {
    #expect(written([["=\u{0301}1"]]).unicodeScalars.contains("'"))
  }

  /// Where a spreadsheet parts the file by another character than it was written with.
  @Test(arguments: [
    ("Acme;=1+2", "Acme;'=1+2"), ("Acme\t=1+2", "Acme\t'=1+2"), ("Acme|=1+2", "Acme|'=1+2"),
    ("Acme, =1+2", "Acme, '=1+2"), ("Acme;\u{A0}=1", "Acme;\u{A0}'=1"),
    ("a;\"=1\"", "a;\"'=1\""), ("  =1+2", "  '=1+2"), ("\"=1", "\"'=1"),
    ("first\n=1+2", "first\n'=1+2"), ("a\n-cmd|' /C calc'!A0", "a\n'-cmd|' /C calc'!A0"),
    ("a;;@SUM(A1);+1", "a;;'@SUM(A1);'+1"), ("a;＝1", "a;'＝1"), ("'=1", "''=1"),
    ("a;'=1", "a;''=1"), ("a;''=1;b", "a;'''=1;b"), ("\t=1", "'\t'=1"),
  ])
  func `no cell begins with a formula, whatever parts the cells`(field: String, guarded: String) {
    #expect(written([[field]]) == "\u{FEFF}\"\(guarded.replacing("\"", with: "\"\""))\"\r\n")
    #expect(FormulaGuard.unguarded(guarded) == field)
  }

  @Test(arguments: [
    "a-b", "a=b", "ada@example.com", "1+1", "12.50", "Rue de l'Église 1-3", "'s Gravenhage; 'x",
    "a; b | c", "", "–5", "x, y",
  ])
  func `what no spreadsheet calculates stays as it is`(field: String) {
    #expect(FormulaGuard.unguarded(field) == field)
    #expect(written([[field]]).contains("'") == field.contains("'"))
  }

  @Test func `an apostrophe of one's own stays`() {
    #expect(FormulaGuard.unguarded("'s Gravenhage") == "'s Gravenhage")
    #expect(FormulaGuard.unguarded("O'Hara") == "O'Hara")
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
