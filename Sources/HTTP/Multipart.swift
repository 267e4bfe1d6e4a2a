import Glibc
import Spool

/// A posted `multipart/form-data` body (RFC 7578): fields of text, and files.
///
/// Parts are slices of the body, which is looked through piece by piece: nothing of a file is copied. What
/// a file is called is for people to read; nothing is ever opened by it.
package struct Multipart: Sendable {
  package let fields: NamedValues
  package let files: [UploadedFile]

  static let partsMax = 50
  static let headBytesMax = 4 * 1024

  /// Nil when the content type is another one.
  init?(_ body: Bytes, contentType: String) throws {
    guard let boundary = try Self.boundary(in: contentType) else { return nil }
    var pairs: [NamedValues.Pair] = []
    var files: [UploadedFile] = []
    var textBytes = 0
    var reader = PartReader(body, boundary: boundary)
    while let part = try reader.next() {
      guard pairs.count + files.count < Self.partsMax else {
        throw ClientError.badRequest("too many parts")
      }
      let (name, fileName) = try Self.names(in: part.head)
      if let fileName {
        files.append(UploadedFile(field: name, name: fileName, bytes: part.content))
      } else {
        textBytes += part.content.count
        guard textBytes <= Request.formBytesMax else {
          throw ClientError.contentTooLarge("the fields are too long")
        }
        pairs.append(try NamedValues.pair(name, text: part.content.array()))
      }
    }
    fields = NamedValues(pairs)
    self.files = files
  }

  private static func boundary(in contentType: String) throws(ClientError) -> [UInt8]? {
    let parameters = contentType.utf8.split(separator: ASCII.semicolon)
    guard let type = parameters.first,
      String(Substring(type)).trimmed.lowercased() == "multipart/form-data"
    else { return nil }
    for parameter in parameters.dropFirst() {
      let text = String(Substring(parameter)).trimmed
      guard text.lowercased().utf8.starts(with: "boundary=".utf8) else { continue }
      var value = Array(text.utf8.dropFirst(9))
      if value.count >= 2, value.first == Self.quote, value.last == Self.quote {
        value = Array(value.dropFirst().dropLast())
      }
      // RFC 2046 section 5.1.1.
      guard (1...70).contains(value.count), value.allSatisfy({ (0x20..<0x7F).contains($0) })
      else { break }
      return value
    }
    throw .badRequest("a multipart body without a boundary")
  }

  /// The field's name, and the file's where the part is one.
  private static func names(
    in head: [UInt8]
  ) throws(ClientError) -> (field: String, file: String?) {
    guard let text = CleanText.decode(head, allowing: .lineBreaks) else {
      throw .badRequest("the head of a part is no text")
    }
    for line in text.utf8.split(separator: ASCII.lineFeed) {
      let line = String(Substring(line))
      guard line.lowercased().utf8.starts(with: "content-disposition:".utf8) else { continue }
      let bytes = Array(line.utf8)
      guard let field = parameter("name", in: bytes) else { break }
      return (field, parameter("filename", in: bytes))
    }
    throw .badRequest("a part without a name")
  }

  /// `; name="…"`, in which browsers write a quote as %22.
  private static func parameter(_ name: String, in line: [UInt8]) -> String? {
    let opening = Array(" \(name)=\"".utf8)
    var start = line.startIndex
    while start + opening.count <= line.endIndex {
      guard line[start...].starts(with: opening) else {
        start += 1
        continue
      }
      let value = line[(start + opening.count)...].prefix { $0 != quote }
      return String(decoding: unescaped(value), as: UTF8.self)
    }
    return nil
  }

  private static func unescaped(_ value: ArraySlice<UInt8>) -> [UInt8] {
    var text: [UInt8] = []
    var rest = value
    while let byte = rest.popFirst() {
      if byte == ASCII.percent, rest.starts(with: "22".utf8) {
        rest = rest.dropFirst(2)
        text.append(quote)
      } else {
        text.append(byte)
      }
    }
    return text
  }

  private static let quote = UInt8(ascii: "\"")
}

/// A file as it came: its bytes are whatever somebody sent.
package struct UploadedFile: Sendable {
  package let field: String
  /// What its owner calls it, without folders; empty where nothing was chosen.
  package let name: String
  package let bytes: Bytes

  private static let nameScalarsMax = 200

  init(field: String, name: String, bytes: Bytes) {
    self.field = field
    // Some send the whole path, in the manner of their system.
    let last = name.utf8.split { $0 == ASCII.slash || $0 == ASCII.backslash }.last
    let scalars = String(Substring(last ?? ""[...].utf8)).unicodeScalars.prefix(Self.nameScalarsMax)
    self.name = String(scalars).trimmed
    self.bytes = bytes
  }
}

/// Finds the parts between the boundaries.
private struct PartReader {
  struct Part {
    let head: [UInt8]
    let content: Bytes
  }

  private let body: Bytes
  /// CRLF, two dashes, the boundary: the line end in front belongs to it.
  private let delimiter: [UInt8]
  private var position = 0

  init(_ body: Bytes, boundary: [UInt8]) {
    self.body = body
    delimiter = Array("\r\n--".utf8) + boundary
  }

  /// Nil behind the last part.
  mutating func next() throws -> Part? {
    if position == 0 {
      guard try bytes(at: 0, delimiter.count - 2).elementsEqual(delimiter.dropFirst(2)) else {
        throw ClientError.badRequest("a multipart body that does not begin with its boundary")
      }
      position = delimiter.count - 2
    }
    let behind = try bytes(at: position, 2)
    if behind.elementsEqual("--".utf8) { return nil }
    guard behind.elementsEqual("\r\n".utf8) else { throw Self.broken }
    let start = position + 2
    let window = min(body.count, start + Multipart.headBytesMax)
    guard let headEnd = try find(Array("\r\n\r\n".utf8), from: start, before: window),
      let end = try find(delimiter, from: headEnd + 2, before: body.count)
    else { throw Self.broken }
    position = end + delimiter.count
    // An empty part's delimiter shares the line end of its head.
    return Part(
      head: try body[start..<headEnd].array(), content: body[min(headEnd + 4, end)..<end])
  }

  private func bytes(at start: Int, _ count: Int) throws -> [UInt8] {
    try body[min(start, body.count)..<min(start + count, body.count)].array()
  }

  private func find(_ needle: [UInt8], from start: Int, before end: Int) throws -> Int? {
    var start = start
    while start + needle.count <= end {
      let piece = try body[start..<min(end, start + Bytes.pieceBytes)].array()
      if let found = Self.offset(of: needle, in: piece) { return start + found }
      // The needle may begin at the end of this piece.
      start += max(1, piece.count - needle.count + 1)
    }
    return nil
  }

  private static func offset(of needle: [UInt8], in piece: [UInt8]) -> Int? {
    piece.withUnsafeBytes { piece in
      guard let start = piece.baseAddress else { return nil }
      var from = 0
      while from + needle.count <= piece.count,
        let hit = memchr(start + from, Int32(needle[0]), piece.count - needle.count - from + 1)
      {
        let offset = UnsafeRawPointer(hit) - start
        if memcmp(hit, needle, needle.count) == 0 { return offset }
        from = offset + 1
      }
      return nil
    }
  }

  private static let broken = ClientError.badRequest("a multipart body that is broken off")
}
