import Testing
import Text

@Suite struct `Invisible characters` {
  static let codePoints: [UInt32] =
    Array(0x200B...0x200F) + Array(0x2028...0x202E) + Array(0x2060...0x206F)
    + Array(0xFE00...0xFE0F) + Array(0xFFF9...0xFFFB) + Array(0xE0000...0xE007F)
    + [0xAD, 0x34F, 0x61C, 0x115F, 0x180E, 0x2800, 0x3164, 0xFEFF, 0xFFA0, 0xE0100, 0xE01EF]

  @Test(arguments: codePoints)
  func `are taken out, anywhere in a text, and counted`(codePoint: UInt32) throws {
    let invisible = String(try #require(Unicode.Scalar(codePoint)))

    let (text, count) = Invisible.strip("\(invisible)a\(invisible)é\(invisible)\(invisible)")

    #expect(text.utf8.elementsEqual("aé".utf8))
    #expect(count == 4)
  }

  @Test func `leave their neighbours in place`() {
    let visible =
      "\u{200A}\u{2010}\u{202F}\u{205F}\u{2070}\u{FDFF}\u{FE10}\u{FEFE}…€😀\u{61B}\u{301} ¬®"

    let (text, count) = Invisible.strip(visible)

    #expect(text.utf8.elementsEqual(visible.utf8))
    #expect(count == 0)
  }
}
