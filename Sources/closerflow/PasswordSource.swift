import ArgumentParser
import CRM
import Glibc
import Secrets

/// Where a new password comes from: a file, a pipe, or somebody at the terminal.
struct PasswordSource: ParsableArguments {
  @Option(
    name: .customLong("password-file"),
    help: "Read the password from this file; - is standard input.")
  var file: String?

  /// Reads the password and hashes it; refuses, in words, what is easily guessed.
  func read(for email: EmailAddress, context: [String]) throws -> PasswordHash {
    let password = try text()
    let words = (context + [email.text]).flatMap { word in
      word.utf8.split { !isWordByte($0) }.map { String(decoding: $0, as: UTF8.self) }
    }
    if let refusal = PasswordPolicy.refusal(of: password, context: words) {
      throw Failure(.refused, "this password is not taken: \(refusal.words)")
    }
    return try PasswordHash.make(of: password)
  }

  private func text() throws -> String {
    if let file, file != "-" { return try contents(TextFile.read(file)) }
    if file == nil, isatty(STDIN_FILENO) == 1 { return try Terminal.askTwice("Password: ") }
    return try contents(
      TextFile.read(STDIN_FILENO).mapError { problem in
        TextFile.Problem(description: "standard input: \(problem)")
      })
  }

  private func contents(_ result: Result<String, TextFile.Problem>) throws -> String {
    switch result {
    case .success(let text): return TextFile.withoutLineEnd(text)
    case .failure(let problem): throw Failure(.refused, "\(problem)")
    }
  }

  /// Letters of any script are one piece: they are not ASCII.
  private func isWordByte(_ byte: UInt8) -> Bool {
    (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte) || byte >= 128
  }
}

extension PasswordPolicy.Refusal {
  var words: String {
    switch self {
    case .tooShort: "it has under \(PasswordPolicy.lengthMin) characters"
    case .tooLong: "it has over \(PasswordPolicy.lengthMax) characters"
    case .unusableCharacter: "it holds a NUL"
    case .common: "it is among those that everybody tries first"
    case .pattern: "it is a row of keys or one piece repeated"
    case .personal: "it is little more than a name that everybody knows"
    }
  }
}

/// A person at the keyboard.
private enum Terminal {
  static func askTwice(_ prompt: String) throws -> String {
    let first = try ask(prompt)
    guard try ask("The same again: ").utf8.elementsEqual(first.utf8) else {
      throw Failure(.refused, "the two are not the same")
    }
    return first
  }

  /// A line that is not shown while it is typed.
  private static func ask(_ prompt: String) throws -> String {
    printError(prompt, end: "")
    var before = termios()
    guard tcgetattr(STDIN_FILENO, &before) == 0 else {
      throw Failure(.internal, "the terminal cannot hide what is typed")
    }
    var silent = before
    silent.c_lflag &= ~tcflag_t(ECHO)
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
    defer {
      tcsetattr(STDIN_FILENO, TCSAFLUSH, &before)
      printError("")
    }
    guard let line = readLine(strippingNewline: true) else {
      throw Failure(.refused, "no password was typed")
    }
    return line
  }
}
