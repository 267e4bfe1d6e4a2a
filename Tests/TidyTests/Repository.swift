import Foundation

/// The working copy these tests stand in, and what they read of it.
enum Repository {
  /// Found from this file, so that the tests run from any directory and through a symbolic link.
  static let root = URL(filePath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

  /// The files below `folder`, as paths from the root, in order. None where there is no such folder.
  static func files(below folder: String, ending: String = "") -> [String] {
    let names = FileManager.default.enumerator(atPath: "\(root)/\(folder)")?.allObjects ?? []
    return names.compactMap { $0 as? String }.map { "\(folder)/\($0)" }
      .filter { $0.hasSuffix(ending) && isFile($0) }
      .sorted()
  }

  static func isFile(_ path: String) -> Bool {
    var isDirectory: ObjCBool = false
    return FileManager.default.fileExists(atPath: "\(root)/\(path)", isDirectory: &isDirectory)
      && !isDirectory.boolValue
  }

  static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(root)/\(path)")
  }

  static func bytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(filePath: "\(root)/\(path)")))
  }

  static func text(_ path: String) throws -> String {
    try String(contentsOfFile: "\(root)/\(path)", encoding: .utf8)
  }

  /// Read once: taking them apart is most of the work.
  static let sources = Result {
    try files(below: "Sources", ending: ".swift").map { try SwiftSource(path: $0, bytes($0)) }
  }

  /// What git has or would add: tracked, and untracked but not ignored.
  static func knownToGit() throws -> [String] {
    let git = Process()
    let output = Pipe()
    git.executableURL = URL(filePath: "/usr/bin/env")
    git.arguments = [
      "git", "-c", "safe.directory=*", "-C", root, "ls-files", "-z", "--cached", "--others",
      "--exclude-standard",
    ]
    git.standardOutput = output
    try git.run()
    let listed = try output.fileHandleForReading.readToEnd() ?? Data()
    git.waitUntilExit()
    guard git.terminationStatus == 0 else { throw CocoaError(.fileReadUnknown) }
    return listed.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
  }
}

extension String {
  /// The lines, from 1, on which a match of the regular expression begins.
  func lines(matching pattern: String) throws -> [Int] {
    let expression = try NSRegularExpression(pattern: pattern, options: [.anchorsMatchLines])
    let text = self as NSString
    let matches = expression.matches(in: self, range: NSRange(location: 0, length: text.length))
    return matches.map { match in
      text.substring(to: match.range.location).utf8.count { $0 == UInt8(ascii: "\n") } + 1
    }
  }

  func matches(_ pattern: String) -> Bool {
    range(of: pattern, options: .regularExpression) != nil
  }

  func removing(_ pattern: String) -> String {
    replacingOccurrences(of: pattern, with: " ", options: .regularExpression)
  }
}
