/// One row of a file, or what is wrong with it.
package struct CSVRecord: Sendable, Equatable {
  /// The line of the file that it begins at, from 1; a quoted field may go over several.
  package let line: Int
  /// As many as the first record has; where something is wrong, those that could be read.
  package let fields: [String]
  /// How many fields the file has here.
  package let found: Int
  package let problem: CSVProblem?
}

/// Why a row cannot be used; none of them ends the reading.
package enum CSVProblem: Sendable, Equatable {
  /// More or fewer fields than the first record has.
  case ragged(expected: Int, found: Int)
  case tooLong(bytesMax: Int)
  case tooManyFields(max: Int)
  /// A byte 0, which text never has.
  case nul
  /// Bytes that mean nothing in the file's encoding: usually a line pasted in from another file.
  case notText
  /// Text behind a closing quote.
  case strayQuote
  /// A quote that nothing closes before the file ends or the record grows too long.
  case unclosedQuote
}

/// How much one record may hold, so that a broken file costs an error and not memory.
package struct CSVLimits: Sendable {
  package var recordBytesMax = 256 * 1024
  package var fieldsMax = 500

  package init() {}
}
