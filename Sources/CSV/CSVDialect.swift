/// How one file is written: its encoding, and what stands between its fields.
package struct CSVDialect: Sendable, Equatable {
  package let encoding: CSVEncoding
  package let delimiter: UInt8
  /// Bytes in front of the text: a byte order mark.
  package let markBytes: Int
  /// Excel's first line `sep=;`, which is no record.
  package let namesDelimiter: Bool

  package init(
    encoding: CSVEncoding = .utf8, delimiter: UInt8 = UInt8(ascii: ","), markBytes: Int = 0,
    namesDelimiter: Bool = false
  ) {
    self.encoding = encoding
    self.delimiter = delimiter
    self.markBytes = markBytes
    self.namesDelimiter = namesDelimiter
  }

  private static let candidates = [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t")]
  private static let sampleBytesMax = 64 * 1024
  private static let sampleRecordsMax = 20

  /// Finds out how a file is written that comes piece by piece: all of it for its encoding, its
  /// beginning for the delimiter.
  package struct Detector {
    private var encoding = CSVEncoding.Detector()
    private var beginning: [UInt8] = []

    package init() {}

    package mutating func read(_ bytes: ArraySlice<UInt8>) {
      encoding.read(bytes)
      beginning += bytes.prefix(sampleBytesMax - beginning.count)
    }

    /// Where the whole file was read.
    package var dialect: CSVDialect {
      let (encoding, markBytes) = encoding.found
      var sample: [UInt8] = []
      var decoder = CSVDecoder(encoding)
      decoder.decode(beginning.dropFirst(markBytes), into: &sample)
      if let named = delimiter(namedIn: sample) {
        return CSVDialect(
          encoding: encoding, delimiter: named, markBytes: markBytes, namesDelimiter: true)
      }
      return CSVDialect(
        encoding: encoding, delimiter: likeliest(in: sample), markBytes: markBytes)
    }
  }

  private static func delimiter(namedIn text: [UInt8]) -> UInt8? {
    guard text.count >= 5, text.starts(with: "sep=".utf8) || text.starts(with: "SEP=".utf8),
      text.count == 5 || text[5] == UInt8(ascii: "\r") || text[5] == UInt8(ascii: "\n"),
      text[4] == UInt8(ascii: "\t") || (0x21..<0x7F).contains(text[4]),
      text[4] != UInt8(ascii: "\"")
    else { return nil }
    return text[4]
  }

  /// The one by which most records have as many fields as the first, and more than one; of equals
  /// the one that makes more fields.
  private static func likeliest(in sample: [UInt8]) -> UInt8 {
    var best = (delimiter: UInt8(ascii: ","), agreeing: 0, fields: 1)
    for delimiter in candidates {
      let counts = fieldCounts(in: sample, by: delimiter)
      guard let first = counts.first, first > 1 else { continue }
      let agreeing = counts.count { $0 == first }
      if (agreeing, first) > (best.agreeing, best.fields) { best = (delimiter, agreeing, first) }
    }
    return best.delimiter
  }

  private static func fieldCounts(in sample: [UInt8], by delimiter: UInt8) -> [Int] {
    var counts: [Int] = []
    var reader = CSVReader(CSVDialect(delimiter: delimiter))
    reader.read(sample[...]) { record in
      if counts.count < sampleRecordsMax { counts.append(record.found) }
    }
    // The sample may end within a record; a file of one line is all of it.
    if counts.isEmpty { reader.finish { counts.append($0.found) } }
    return counts
  }
}
