/// One thing wrong in a template, a catalogue or a source file, at the line where to mend it.
package struct TemplateError: Error, Hashable, Sendable, CustomStringConvertible {
  package let file: String
  package let line: Int
  package let message: String

  package var description: String { "\(file):\(line): \(message)" }
}

/// Everything wrong that one look found, in the order of files and lines. Never empty.
package struct TemplateErrors: Error, Equatable, Sendable, CustomStringConvertible {
  package let all: [TemplateError]

  package var description: String { all.map(\.description).joined(separator: "\n") }

  init(_ errors: [TemplateError]) {
    all = Set(errors).sorted { ($0.file, $0.line, $0.message) < ($1.file, $1.line, $1.message) }
  }
}
