import Glibc

/// A system call that failed: what was tried, and the system's words for why.
package struct SystemFailure: Error, CustomStringConvertible {
  package let attempt: String
  package let code: Int32

  /// Call at once after the failing call, before anything else can change `errno`.
  init(_ attempt: String, code: Int32 = errno) {
    self.attempt = attempt
    self.code = code
  }

  package var description: String {
    "\(attempt): \(strerror(code).map { String(cString: $0) } ?? "error \(code)")"
  }
}

/// The result of a call that reports failure as -1, or a ``SystemFailure``.
@discardableResult
func check(_ result: Int32, _ attempt: @autoclosure () -> String) throws -> Int32 {
  let code = errno
  guard result >= 0 else { throw SystemFailure(attempt(), code: code) }
  return result
}
