import Foundation

/// The demo's mail sink as a process of its own, with its own folder; gone when this is.
final class MailSink {
  let port: Int
  private let folder: URL
  private let process: ChildProcess

  init(_ options: String...) throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "mail-sink-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    process = try ChildProcess(
      [Self.repository.appending(path: "deploy/mail-sink").path, "--port", "0"]
        + ["--dir", folder.path, "--journal", folder.path + "/journal"] + options)
    let line = process.readLine()
    guard let port = line.firstMatch(of: /127\.0\.0\.1:(\d+)/).flatMap({ Int($0.1) }) else {
      throw ChildProcess.Failure(
        description: "the mail sink did not start; is Debian's python3-aiosmtpd installed?")
    }
    self.port = port
  }

  deinit {
    stop()
    // The folder is in the temporary directory: what cannot be removed goes with it.
    try? FileManager.default.removeItem(at: folder)
  }

  /// Ends it as a supervisor does, and tells its exit code.
  @discardableResult func stop(with signal: Int32 = SIGTERM) -> Int32 {
    process.signal(signal)
    return process.wait()
  }

  /// The messages kept so far, oldest first, as bytes.
  var messages: [[UInt8]] {
    get throws {
      try journal.map { [UInt8](try Data(contentsOf: folder.appending(path: $0.file))) }
    }
  }

  var journal: [Entry] {
    get throws {
      let lines = try Data(contentsOf: folder.appending(path: "journal")).split(separator: 0x0A)
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      return try lines.map { try decoder.decode(Entry.self, from: $0) }
    }
  }

  var fileCount: Int {
    get throws {
      try FileManager.default.contentsOfDirectory(atPath: folder.path)
        .count { $0.hasSuffix(".eml") }
    }
  }

  struct Entry: Decodable {
    var messageId: String
    var recipients: [String]
    var sha256: String
    var file: String
  }

  static let repository = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
}

/// What Python's own mail parser, which is not ours, makes of a message.
struct ReadMessage: Decodable {
  var headers: [[String]]
  var addresses: [String: [[String]]]
  var parts: [Part]
  var defects: [String]

  struct Part: Decodable {
    var type: String
    var content: String
  }

  init(_ bytes: [UInt8]) throws {
    let python = try ChildProcess(["python3", "-c", Self.script], input: bytes)
    let json = Data(python.readToEnd())
    guard python.wait() == 0 else {
      throw ChildProcess.Failure(description: "Python's email package could not read the message")
    }
    self = try JSONDecoder().decode(ReadMessage.self, from: json)
  }

  func header(_ name: String) -> String? {
    headers.first { $0[0].lowercased() == name.lowercased() }?[1]
  }

  private static let script = """
    import email, email.policy, json, sys
    m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
    parts = [p for p in m.walk() if not p.is_multipart()]
    json.dump({
      "headers": [[k, str(v)] for k, v in m.items()],
      "addresses": {k: [[a.display_name, a.addr_spec] for a in m[k].addresses]
                    for k in ("From", "To", "Cc", "Reply-To") if m[k]},
      "parts": [{"type": p.get_content_type(), "content": p.get_content()} for p in parts],
      "defects": [str(d) for p in m.walk() for d in p.defects]
               + [str(d) for v in m.values() for d in v.defects],
    }, sys.stdout)
    """
}
