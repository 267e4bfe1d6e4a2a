import Glibc
import Testing

@testable import Spool

@Suite struct `A spool` {
  @Test func `gives back what was written, in any piece`() throws {
    let file = try Spool(directory: "/tmp", bytesMax: 1 << 20).file()
    let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    for start in stride(from: 0, to: bytes.count, by: 30_000) {
      try file.append(Array(bytes[start..<min(start + 30_000, bytes.count)]))
    }
    let whole = Bytes(file)
    var pieces: [UInt8] = []
    try whole[10..<150_010].eachPiece(of: 7_000) { piece in
      #expect(piece.count <= 7_000)
      pieces += piece
    }

    #expect(try whole.array() == bytes)
    #expect(pieces == Array(bytes[10..<150_010]))
    #expect(try whole[5..<100][10..<20].array() == Array(bytes[15..<25]))
  }

  @Test func `is one limit for all that lies in it, and has room again when a file ends`() throws {
    let spool = Spool(directory: "/tmp", bytesMax: 100)
    var first: SpoolFile? = try spool.file()
    let second = try spool.file()
    try first?.append([UInt8](repeating: 1, count: 60))

    #expect(throws: SpoolFailure.self) { try second.append([UInt8](repeating: 2, count: 41)) }
    #expect(spool.bytesTaken == 60)
    try second.append([UInt8](repeating: 2, count: 40))
    #expect(spool.bytesTaken == 100)
    first = nil
    #expect(spool.bytesTaken == 40)
  }

  @Test func `leaves nothing in the folder`() throws {
    var template = Array("/tmp/closerflow-spool-test-XXXXXX".utf8CString)
    let directory = try #require(mkdtemp(&template).map { String(cString: $0) })
    let file = try Spool(directory: directory, bytesMax: 100).file()
    try file.append([1, 2, 3])

    #expect(rmdir(directory) == 0)
    #expect(try Bytes(file).array() == [1, 2, 3])
  }

  @Test func `says where a folder cannot be written`() throws {
    let failure = #expect(throws: SpoolFailure.self) {
      try Spool(directory: "/nowhere", bytesMax: 100).file()
    }
    #expect(failure?.description == "a file in /nowhere: No such file or directory")
  }

  @Test func `bytes in memory are read like those in a file`() throws {
    let bytes = Bytes(Array("hello world".utf8))
    var pieces: [String] = []
    try bytes[1..<11].eachPiece(of: 4) { pieces.append(String(decoding: $0, as: UTF8.self)) }

    #expect(pieces == ["ello", " wor", "ld"])
    #expect(try bytes[6..<11].array() == Array("world".utf8))
    #expect(bytes[3..<3].isEmpty)
  }
}
