import CFastCGI
import Glibc
import HTTP
import Spool

/// One accepted connection and libfcgi's state for it, outside Swift's memory at a fixed address.
///
/// libfcgi would accept by itself and then hold the thread as long as the connection lives; here
/// the descriptor is injected, and a thread is lent only while there is a request to read. That
/// sets two fields which the header asks to leave alone; their place is fixed in libfcgi 2.4.
///
/// Known limits of the library, all out of reach of a browser because nginx writes the records, and
/// of other local users because of the socket's permissions:
/// - a PARAMS record with a name length near 2^31 makes an allocation fail, and an assertion ends
///   the process; the supervisor starts it again;
/// - a parameter's value ends at its first NUL;
/// - a request sent before the previous one's answer (pipelining; nginx never does) is lost.
struct Connection {
  private let state: UnsafeMutablePointer<FCGX_Request>

  /// Takes over the descriptor; nil if its timeouts cannot be set, then it is closed.
  init?(descriptor: Int32, timeoutMilliseconds: Int) {
    var timeout = timeval(
      tv_sec: timeoutMilliseconds / 1000, tv_usec: timeoutMilliseconds % 1000 * 1000)
    let size = socklen_t(MemoryLayout<timeval>.size)
    guard setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, size) == 0,
      setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, size) == 0
    else {
      close(descriptor)
      return nil
    }
    state = .allocate(capacity: 1)
    // -1: there is nothing to accept on, so the library gives up where it would wait for a peer.
    FCGX_InitRequest(state, -1, 0)
    state.pointee.ipcFd = descriptor
    // Without this the first FCGX_Accept_r, which begins by finishing, closes the descriptor.
    state.pointee.keepConnection = 1
  }

  /// Never 0 or 1: it is an address.
  var token: UInt64 { UInt64(UInt(bitPattern: state)) }

  init(token: UInt64) {
    guard let state = UnsafeMutablePointer<FCGX_Request>(bitPattern: UInt(token)) else {
      preconditionFailure("A token is made from a connection.")
    }
    self.state = state
  }

  var descriptor: Int32 { state.pointee.ipcFd }
  var isOpen: Bool { state.pointee.ipcFd >= 0 }

  /// Reads the next request up to its body. False when the peer is gone, stalled or spoke something
  /// else; the connection is closed then.
  func readRequest() -> Bool { FCGX_Accept_r(state) == 0 }

  /// Calls `body` with each parameter's name and value, and stops when it throws.
  func eachParameter(
    _ body: (UnsafeBufferPointer<UInt8>, UnsafeBufferPointer<UInt8>) throws(ClientError) -> Void
  ) throws(ClientError) {
    guard var next = state.pointee.envp else { return }
    while let entry = next.pointee {
      let bytes = UnsafeRawPointer(entry).assumingMemoryBound(to: UInt8.self)
      let whole = UnsafeBufferPointer(start: bytes, count: strlen(entry))
      let equals = whole.firstIndex(of: UInt8(ascii: "=")) ?? whole.endIndex
      try body(
        UnsafeBufferPointer(rebasing: whole[..<equals]),
        UnsafeBufferPointer(rebasing: whole[min(equals + 1, whole.endIndex)...]))
      next += 1
    }
  }

  enum Body {
    case whole(Bytes)
    /// More than the limit came, and was dropped.
    case tooLarge
    /// The spool had no room for it, and it was dropped.
    case noRoom(SpoolFailure)
    /// The peer went away or stalled, or never came to an end.
    case broken
  }

  /// Reads the body to its end, so that nothing of it is left in front of the next request; into the
  /// file where there is one.
  func readBody(
    bytesMax: Int, discardedBytesMax: Int, expecting count: Int, into file: SpoolFile?
  ) -> Body {
    guard let input = state.pointee.in else { return .broken }
    var piece: [UInt8] = []
    piece.reserveCapacity(min(count, file == nil ? bytesMax : Bytes.pieceBytes) + 8192)
    var total = 0
    var failure: SpoolFailure?
    let ended = withUnsafeTemporaryAllocation(byteCount: 8192, alignment: 8) { chunk in
      while total <= discardedBytesMax {
        let read = Int(
          FCGX_GetStr(chunk.baseAddress?.assumingMemoryBound(to: CChar.self), 8192, input))
        guard read > 0 else { return true }
        total += read
        guard total <= bytesMax, failure == nil else { continue }
        piece.append(contentsOf: UnsafeRawBufferPointer(chunk)[..<read])
        if piece.count >= Bytes.pieceBytes { failure = store(&piece, in: file) }
      }
      return false
    }
    guard ended, FCGX_GetError(input) == 0 else { return .broken }
    if total > bytesMax { return .tooLarge }
    if let failure = failure ?? store(&piece, in: file) { return .noRoom(failure) }
    return .whole(file.map { Bytes($0) } ?? Bytes(piece))
  }

  private func store(_ piece: inout [UInt8], in file: SpoolFile?) -> SpoolFailure? {
    guard let file else { return nil }
    do throws(SpoolFailure) {
      try file.append(piece)
    } catch {
      return error
    }
    piece.removeAll(keepingCapacity: true)
    return nil
  }

  /// Hands over a body piece by piece. Its length was announced: where it cannot be read to its end the
  /// connection is shut down, so that the reader sees that something is missing.
  func write(_ body: Bytes) {
    struct PeerLeft: Error {}
    do {
      try body.eachPiece { piece in guard write(piece) else { throw PeerLeft() } }
    } catch {
      shutDown()
    }
  }

  /// Hands bytes to the library, which sends them in records of up to 8 kB. False when the peer has
  /// left or stalls; `finish` notices that too.
  @discardableResult
  func write(_ bytes: ArraySlice<UInt8>) -> Bool {
    bytes.withUnsafeBytes { buffer in
      guard let start = buffer.baseAddress?.assumingMemoryBound(to: CChar.self) else { return true }
      var rest = buffer.count
      while rest > 0 {
        let count = min(rest, Int(Int32.max))
        guard FCGX_PutStr(start + (buffer.count - rest), Int32(count), state.pointee.out) > 0
        else { return false }
        rest -= count
      }
      return true
    }
  }

  /// Waits this long from here on for a peer that does not take what is written.
  func setWriteTimeout(milliseconds: Int) -> Bool {
    var timeout = timeval(tv_sec: milliseconds / 1000, tv_usec: milliseconds % 1000 * 1000)
    let size = socklen_t(MemoryLayout<timeval>.size)
    return setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, size) == 0
  }

  /// Fails every read and write from here on, also one that waits on another thread.
  func shutDown() { shutdown(descriptor, Int32(SHUT_RDWR)) }

  /// Sends what is left and ends the request; `isOpen` tells whether another may follow.
  func finish() { FCGX_Finish_r(state) }

  /// Frees everything, and closes the descriptor if the library has not. Not by the library, which
  /// would first read whatever the peer still sends.
  func free() {
    if isOpen { close(state.pointee.ipcFd) }
    FCGX_Free(state, 0)
    state.deallocate()
  }
}
