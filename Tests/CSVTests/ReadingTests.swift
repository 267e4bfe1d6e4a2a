import CSV
import Testing

@Suite struct `Reading CSV` {
  @Test func `fields are quoted, hold delimiters, quotes and line ends`() {
    let records = read(
      "name,note\r\n\"Ada, Countess\",\"said \"\"yes\"\"\r\ntwice\"\r\nBob,5\" pipe\r\n")

    #expect(
      records.map(\.fields) == [
        ["name", "note"], ["Ada, Countess", "said \"yes\"\ntwice"], ["Bob", "5\" pipe"],
      ])
    #expect(records.map(\.line) == [1, 2, 4])
    #expect(records.allSatisfy { $0.problem == nil })
  }

  @Test(arguments: ["\r\n", "\n", "\r"])
  func `a line may end in any of three ways`(end: String) {
    let records = read(["a,b", "1,2", "", "3,4"].joined(separator: end))

    #expect(records.map(\.fields) == [["a", "b"], ["1", "2"], ["3", "4"]])
    #expect(records.map(\.line) == [1, 2, 4])
  }

  @Test(arguments: [",", ";", "\t"])
  func `the delimiter is found`(delimiter: String) {
    let records = read("name\(delimiter)note\n\"a,b;c\td\"\(delimiter)2\n")

    #expect(records.map(\.fields) == [["name", "note"], ["a,b;c\td", "2"]])
  }

  @Test func `a comma in every other cell does not make commas the delimiter`() {
    let records = read("Name;Umsatz\nAda;1,50\nBob;2,75\nEva;3\n")

    #expect(records.last?.fields == ["Eva", "3"])
  }

  @Test func `the line Excel reads its delimiter from is no record`() {
    let records = read("sep=|\r\na|b\r\n1|2\r\n")

    #expect(records.map(\.fields) == [["a", "b"], ["1", "2"]])
    #expect(records.first?.line == 2)
  }

  @Test func `a ragged row is told by its line and the rest is read on`() {
    let records = read("a,b,c\n1,2\n1,2,3,4\n1,2,3,,,\n1,2,3\n")

    #expect(
      records.map(\.problem) == [
        nil, .ragged(expected: 3, found: 2), .ragged(expected: 3, found: 4), nil, nil,
      ])
    #expect(records[1].line == 2)
    #expect(records[3].fields == ["1", "2", "3"])
  }

  @Test func `rows of nothing but delimiters are passed over`() {
    #expect(read("a,b\n,\n,\n1,\n").map(\.fields) == [["a", "b"], ["1", ""]])
  }

  @Test func `a line of ten megabytes is an error and costs no memory`() {
    let long = [UInt8](repeating: UInt8(ascii: "x"), count: 10_000_000)
    let bytes = Array("a,b\n1,".utf8) + long + Array("\n3,4\n".utf8)

    let records = read(bytes)

    #expect(records.map(\.problem) == [nil, .tooLong(bytesMax: 262_144), nil])
    #expect(records[1].fields.allSatisfy { $0.utf8.count <= 262_144 })
    #expect(records[2].fields == ["3", "4"])
    #expect(records[2].line == 3)
  }

  @Test func `more fields than anybody has are an error`() {
    let records = read("a,b\n" + String(repeating: ",", count: 100_000) + "z\n1,2\n")

    #expect(records.map(\.problem) == [nil, .tooManyFields(max: 500), nil])
  }

  @Test func `a NUL is an error of its row`() {
    let records = read("a,b\n1,x\0y\n3,4\n")

    #expect(records.map(\.problem) == [nil, .nul, nil])
  }

  @Test func `text behind a closing quote is an error of its row`() {
    #expect(read("a,b\n\"1\"x,2\n3,4\n").map(\.problem) == [nil, .strayQuote, nil])
  }

  @Test func `a quote that nothing closes is an error and not an endless field`() {
    let rows = String(repeating: "1,2\n", count: 100_000)

    let records = read("a,b\n\"1,2\n" + rows)

    #expect(records[1].problem == .tooLong(bytesMax: 262_144))
    #expect(records.count > 30_000)
    #expect(records.last?.fields == ["1", "2"])
    #expect(read("a,b\n1,\"2").last?.problem == .unclosedQuote)
  }

  @Test func `an empty file has no records`() {
    #expect(read("").isEmpty)
    #expect(read("\r\n\r\n").isEmpty)
  }
}

@Suite struct `Encodings of CSV` {
  private let rows = [["nom", "ville"], ["Zoë 😀", "Orléans"]]

  @Test func `UTF-8 with a byte order mark and without`() {
    #expect(
      read([0xEF, 0xBB, 0xBF] + Array("nom,ville\nZoë 😀,Orléans".utf8)).map(\.fields) == rows)
    #expect(read("nom,ville\nZoë 😀,Orléans").map(\.fields) == rows)
  }

  @Test func `UTF-16 in both orders`() {
    let units = Array("\u{FEFF}nom\tville\r\nZoë 😀\tOrléans\r\n".utf16)
    let little = units.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
    let big = units.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }

    #expect(read(little).map(\.fields) == rows)
    #expect(read(big).map(\.fields) == rows)
  }

  @Test func `half a character of UTF-16 is an error of its row`() {
    let units = Array("\u{FEFF}a,b\n1,2\n".utf16) + [0xD800, 0x2C, 0x32, 0x0A]
    let little = units.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }

    #expect(read(little).map(\.problem) == [nil, nil, .notText])
    #expect(read(little + [0x31]).last?.problem == .notText)
  }

  @Test func `what is not UTF-8 at all is Windows-1252`() {
    let bytes = Array("nom;prix\nOrl".utf8) + [0xE9] + Array("ans;12 ".utf8) + [0x80]

    #expect(detect(bytes).encoding == .windows1252)
    #expect(read(bytes).last?.fields == ["Orléans", "12 €"])
  }

  @Test func `a line in another encoding is an error, not wrong letters`() {
    let bytes = Array("nom,ville\nZoë,Nîmes\nOrl".utf8) + [0xE9] + Array("ans,x\nA,B\n".utf8)

    #expect(read(bytes).map(\.problem) == [nil, nil, .notText, nil])
  }

  @Test(arguments: [1, 2, 3, 7])
  func `the file may come in pieces of any size`(size: Int) {
    let units = Array("\u{FEFF}nom,note\r\n\"Zoë 😀\",\"a\r\n\"\"b\"\"\"\r\n".utf16)
    let bytes = units.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
    var reader = CSVReader(detect(bytes))
    var records: [CSVRecord] = []

    for start in stride(from: 0, to: bytes.count, by: size) {
      reader.read(bytes[start..<min(start + size, bytes.count)]) { records.append($0) }
    }
    reader.finish { records.append($0) }

    #expect(records.map(\.fields) == [["nom", "note"], ["Zoë 😀", "a\n\"b\""]])
  }
}

/// How the file is written, whether it is looked at whole or in pieces of any size.
private func detect(_ bytes: [UInt8]) -> CSVDialect {
  let found = [bytes.count, 1, 2, 3, 5].map { size in
    var detector = CSVDialect.Detector()
    for start in stride(from: 0, to: bytes.count, by: max(1, size)) {
      detector.read(bytes[start..<min(start + size, bytes.count)])
    }
    return detector.dialect
  }
  #expect(found.allSatisfy { $0 == found[0] })
  return found[0]
}

func read(_ text: String) -> [CSVRecord] { read(Array(text.utf8)) }

func read(_ bytes: [UInt8]) -> [CSVRecord] {
  var reader = CSVReader(detect(bytes))
  var records: [CSVRecord] = []
  reader.read(bytes[...]) { records.append($0) }
  reader.finish { records.append($0) }
  return records
}
