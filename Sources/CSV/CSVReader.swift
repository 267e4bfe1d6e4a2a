/// Reads records out of a file's bytes as they come (RFC 4180 and what people's files make of it).
///
/// Lines end with CRLF, LF or CR; within quotes each is kept as LF. Lines with nothing in them are
/// passed over. Only one record is held at a time, bounded by ``CSVLimits``.
package struct CSVReader {
  private enum Place { case fieldStart, plain, quoted, quoteInQuoted }

  private let delimiter: UInt8
  private let limits: CSVLimits
  private var decoder: CSVDecoder
  private var decoded: [UInt8] = []
  private var skip: Int
  private var isDelimiterLine: Bool

  private var place = Place.fieldStart
  private var afterCR = false
  /// The line being read, and the one the record began at.
  private var line = 1
  private var start = 1
  /// The record's fields one behind another, and where each ends.
  private var text: [UInt8] = []
  private var ends: [Int] = []
  private var found = 0
  private var problem: CSVProblem?
  /// How many fields the first record had.
  private var width: Int?

  package init(_ dialect: CSVDialect, limits: CSVLimits = CSVLimits()) {
    delimiter = dialect.delimiter
    self.limits = limits
    decoder = CSVDecoder(dialect.encoding)
    skip = dialect.markBytes
    isDelimiterLine = dialect.namesDelimiter
  }

  /// Reads the next bytes of the file and hands over each record that they complete.
  package mutating func read<Failure: Error>(
    _ bytes: ArraySlice<UInt8>, _ each: (CSVRecord) throws(Failure) -> Void
  ) throws(Failure) {
    let rest = bytes.dropFirst(skip)
    skip -= bytes.count - rest.count
    decoded.removeAll(keepingCapacity: true)
    decoder.decode(rest, into: &decoded)
    try consume(each)
  }

  /// Hands over what the file ends with.
  package mutating func finish<Failure: Error>(
    _ each: (CSVRecord) throws(Failure) -> Void
  ) throws(Failure) {
    decoded.removeAll(keepingCapacity: true)
    decoder.finish(into: &decoded)
    try consume(each)
    if place == .quoted { note(.unclosedQuote) }
    guard found > 0 || !text.isEmpty || place != .fieldStart else { return }
    try endRecord(each)
  }

  private mutating func consume<Failure: Error>(
    _ each: (CSVRecord) throws(Failure) -> Void
  ) throws(Failure) {
    // Out of `self` while it is read, so that appending to `text` does not copy it.
    let bytes = decoded
    for byte in bytes {
      let isSecondOfPair = afterCR && byte == Self.lineFeed
      afterCR = byte == Self.carriageReturn
      if isSecondOfPair { continue }
      let isLineEnd = byte == Self.lineFeed || byte == Self.carriageReturn
      if isLineEnd { line += 1 }
      switch place {
      case .quoted: readQuoted(byte, isLineEnd)
      case .quoteInQuoted where byte == Self.quote:
        append(byte)
        place = .quoted
      case .fieldStart where byte == Self.quote: place = .quoted
      default:
        if byte == delimiter {
          endField()
        } else if isLineEnd {
          try endRecord(each)
        } else {
          if place == .quoteInQuoted { note(.strayQuote) }
          append(byte)
          place = .plain
        }
      }
    }
  }

  private mutating func readQuoted(_ byte: UInt8, _ isLineEnd: Bool) {
    if byte == Self.quote {
      place = .quoteInQuoted
    } else if isLineEnd, text.count >= limits.recordBytesMax {
      // The quote was never meant; what follows is read again from the next line.
      note(.unclosedQuote)
      place = .plain
      append(Self.lineFeed)
    } else {
      append(isLineEnd ? Self.lineFeed : byte)
    }
  }

  private mutating func append(_ byte: UInt8) {
    guard text.count < limits.recordBytesMax else {
      return note(.tooLong(bytesMax: limits.recordBytesMax))
    }
    if byte == 0 { note(.nul) }
    text.append(byte)
  }

  private mutating func endField() {
    found += 1
    if found <= limits.fieldsMax { ends.append(text.count) }
    place = .fieldStart
  }

  private mutating func endRecord<Failure: Error>(
    _ each: (CSVRecord) throws(Failure) -> Void
  ) throws(Failure) {
    endField()
    defer {
      text.removeAll(keepingCapacity: true)
      ends.removeAll(keepingCapacity: true)
      found = 0
      problem = nil
      start = line
    }
    if isDelimiterLine {
      isDelimiterLine = false
    } else if !text.isEmpty || problem != nil {
      try each(record())
    }
  }

  /// The first thing that is wrong is said; the others usually follow from it.
  private mutating func note(_ problem: CSVProblem) { self.problem = self.problem ?? problem }

  private mutating func record() -> CSVRecord {
    if found > limits.fieldsMax { note(.tooManyFields(max: limits.fieldsMax)) }
    var fields: [String] = []
    fields.reserveCapacity(ends.count)
    var from = 0
    for end in ends {
      let field = text[from..<end]
      if let string = String(validating: field, as: UTF8.self) {
        fields.append(string)
      } else {
        note(.notText)
        fields.append(String(decoding: field, as: UTF8.self))
      }
      from = end
    }
    fit(&fields)
    return CSVRecord(line: start, fields: fields, found: found, problem: problem)
  }

  /// Delimiters behind the last field are no fields: spreadsheets write them for cells once used.
  private mutating func fit(_ fields: inout [String]) {
    guard let width else {
      if problem == nil { self.width = fields.count }
      return
    }
    while fields.count > width, fields.last == "" { fields.removeLast() }
    if fields.count != width { note(.ragged(expected: width, found: found)) }
  }

  private static let quote = UInt8(ascii: "\"")
  private static let lineFeed = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")
}
