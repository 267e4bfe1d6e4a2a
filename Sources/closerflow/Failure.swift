import CRM
import FastCGI
import Glibc
import Mail
import Postgres
import Templating

/// Why a command ends without having done its work: a sentence for stderr, and the exit status.
struct Failure: Error {
  let status: Status
  let sentence: String

  /// The numbers of sysexits.h.
  enum Status: Int32 {
    case refused = 65
    case unavailable = 69
    case `internal` = 70
    case notPermitted = 77
    case configuration = 78
  }

  init(_ status: Status, _ sentence: String) {
    self.status = status
    self.sentence = sentence
  }

  func end() -> Never {
    printError("closerflow: \(sentence)")
    exit(status.rawValue)
  }
}

extension Failure {
  init(_ error: any Error) {
    switch error {
    case let failure as Failure: self = failure
    case let error as PostgresError: self.init(error)
    case let error as MigrationError: self.init(error)
    case is NotFound: self.init(.refused, "there is no such thing")
    case let error as TemplateErrors: self.init(.configuration, "\(error)")
    case let error as MailFailure: self.init(.configuration, "mail: \(error)")
    case is SystemFailure, is UnsafeDirectory: self.init(.configuration, "\(error)")
    default: self.init(.internal, "\(error)")
    }
  }

  private init(_ error: PostgresError) {
    let text = oneLine(error.debugDescription)
    if error.isOutage {
      self.init(.unavailable, text)
      return
    }
    switch error.sqlState {
    case "42501": self.init(.notPermitted, "\(text); is the role in DATABASE_URL the right one?")
    case "3F000", "42P01", "42883", "42703":
      self.init(.configuration, "\(text); is the schema complete? run `closerflow migrate up`")
    default: self.init(.internal, text)
    }
  }

  private init(_ error: MigrationError) {
    let status: Status =
      switch error {
      case .unreadable, .notBootstrapped: .configuration
      case .anotherRunner: .unavailable
      case .malformed, .history, .dangerous, .failed, .catalogue, .dataLoss, .nothingToTakeDown,
        .noWayDown, .beforeTheSquash:
        .refused
      }
    self.init(status, error.description)
  }
}

/// Writes to stderr, behind what stands on stdout by now.
func printError(_ text: String, end: String = "\n") {
  fflush(nil)
  let bytes = Array((text + end).utf8)
  _ = write(STDERR_FILENO, bytes, bytes.count)
}

/// libpq's messages may have several lines.
func oneLine(_ text: String) -> String {
  text.split(whereSeparator: \.isNewline).map { $0.drop { $0 == " " || $0 == "\t" } }
    .joined(separator: "; ")
}
