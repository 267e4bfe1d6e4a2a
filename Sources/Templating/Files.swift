import Glibc

/// A file as a directory listing knows it; a change of content changes the stamp.
struct FileStamp: Hashable, Sendable {
  /// Below the directory that was listed.
  let path: String
  let size: Int
  let modifiedNanoseconds: Int
}

enum Files {
  /// All files below `directory` whose name ends in one of `endings`, in the order of their paths.
  static func below(
    _ directory: String, endings: [String]
  ) throws(TemplateError) -> [FileStamp] {
    var found: [FileStamp] = []
    try collect(directory, "", endings, into: &found)
    return found.sorted { $0.path < $1.path }
  }

  /// The file's bytes, which must be UTF-8; a byte order mark is dropped.
  static func read(_ path: String) throws(TemplateError) -> [UInt8] {
    guard let file = fopen(path, "rb") else { throw failure(path) }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    while true {
      let chunk = [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
        count = fread(buffer.baseAddress, 1, buffer.count, file)
      }
      if chunk.isEmpty { break }
      bytes += chunk
    }
    if ferror(file) != 0 { throw failure(path) }
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw TemplateError(file: path, line: 1, message: "the file is not UTF-8")
    }
    return bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
  }

  private static func collect(
    _ root: String, _ folder: String, _ endings: [String], into found: inout [FileStamp]
  ) throws(TemplateError) {
    let directory = folder.isEmpty ? root : "\(root)/\(folder)"
    for name in try names(in: directory) where !name.utf8.starts(with: ".".utf8) {
      let path = folder.isEmpty ? name : "\(folder)/\(name)"
      var status = stat()
      // A file that vanished since the listing is simply not there.
      guard stat("\(root)/\(path)", &status) == 0 else { continue }
      if status.st_mode & S_IFMT == S_IFDIR {
        try collect(root, path, endings, into: &found)
      } else if endings.contains(where: { ends(name, with: $0) }) {
        let time = status.st_mtim
        found.append(
          FileStamp(
            path: path, size: Int(status.st_size),
            modifiedNanoseconds: time.tv_sec * 1_000_000_000 + time.tv_nsec))
      }
    }
  }

  private static func names(in directory: String) throws(TemplateError) -> [String] {
    guard let stream = opendir(directory) else { throw failure(directory) }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { field in
        String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
      }
      names.append(name)
    }
    return names
  }

  private static func ends(_ name: String, with ending: String) -> Bool {
    name.utf8.suffix(ending.utf8.count).elementsEqual(ending.utf8)
  }

  private static func failure(_ path: String) -> TemplateError {
    TemplateError(file: path, line: 1, message: String(cString: strerror(errno)))
  }
}
