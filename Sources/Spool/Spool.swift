import Glibc
import Synchronization

/// A room on disk for what is too long for memory, with one limit for all that lies in it.
///
/// Its files have no name: whatever becomes of the process, nothing of them stays.
package final class Spool: Sendable {
  private let directory: String
  private let bytesMax: Int
  private let taken = Atomic(0)

  /// `directory` is on a disk and may be written; it is not looked at before the first file.
  package init(directory: String, bytesMax: Int) {
    self.directory = directory
    self.bytesMax = bytesMax
  }

  /// Bytes in it at this moment.
  package var bytesTaken: Int { taken.load(ordering: .relaxed) }

  /// `companion` lives as long as the file.
  package func file(
    with companion: (any Sendable)? = nil
  ) throws(SpoolFailure) -> SpoolFile {
    let path = "\(directory)/closerflow-spool-\(UInt64.random(in: .min ... .max))"
    let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .system("a file in \(directory)", errno) }
    unlink(path)
    return SpoolFile(self, descriptor, companion)
  }

  fileprivate func take(_ bytes: Int) throws(SpoolFailure) {
    guard taken.add(bytes, ordering: .relaxed).newValue <= bytesMax else {
      giveBack(bytes)
      throw .full
    }
  }

  fileprivate func giveBack(_ bytes: Int) { taken.subtract(bytes, ordering: .relaxed) }
}

/// Why something does not fit into a ``Spool``, or cannot be read from it.
package enum SpoolFailure: Error, CustomStringConvertible {
  /// All that it may take is taken at this moment.
  case full
  /// What was tried, and `errno`.
  case system(String, Int32)

  package var description: String {
    switch self {
    case .full: "the spool is full"
    case .system(let attempt, let code): "\(attempt): \(String(cString: strerror(code)))"
    }
  }
}

/// A file without a name, which ends with the last who holds it. One thread writes, then any may read.
package final class SpoolFile: Sendable {
  private let spool: Spool
  private let descriptor: Int32
  private let companion: (any Sendable)?
  private let size = Atomic(0)

  fileprivate init(_ spool: Spool, _ descriptor: Int32, _ companion: (any Sendable)?) {
    self.spool = spool
    self.descriptor = descriptor
    self.companion = companion
  }

  deinit {
    close(descriptor)
    spool.giveBack(count)
  }

  package var count: Int { size.load(ordering: .acquiring) }

  package func append(_ bytes: [UInt8]) throws(SpoolFailure) {
    guard !bytes.isEmpty else { return }
    try spool.take(bytes.count)
    let start = count
    size.store(start + bytes.count, ordering: .releasing)
    var written = 0
    while written < bytes.count {
      let result = bytes.withUnsafeBytes { buffer in
        pwrite(
          descriptor, buffer.baseAddress! + written, bytes.count - written, off_t(start + written))
      }
      if result < 0 {
        if errno == EINTR { continue }
        throw errno == ENOSPC || errno == EDQUOT ? .full : .system("writing to the spool", errno)
      }
      written += result
    }
  }

  /// The bytes of a range that lies within the file.
  func read(_ range: Range<Int>) throws(SpoolFailure) -> [UInt8] {
    var code: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
      count = 0
      while count < range.count {
        let result = pread(
          descriptor, buffer.baseAddress! + count, range.count - count,
          off_t(range.lowerBound + count))
        if result < 0 && errno == EINTR { continue }
        guard result > 0 else {
          code = result < 0 ? errno : EIO
          return
        }
        count += result
      }
    }
    guard code == 0 else { throw .system("reading from the spool", code) }
    return bytes
  }
}
