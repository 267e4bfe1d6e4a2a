import Glibc
import Logging

/// The log: a JSON object a line on stderr, each line one write(2).
///
/// `{"time":"2026-11-21T05:13:13.123Z","level":"info","message":"…", …}` with the metadata behind
/// it, sorted by key. Numbers and truth values given as `.stringConvertible` stay what they are.
struct LogLines: LogHandler {
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]
  var metadataProvider: Logger.MetadataProvider?

  /// Longer lines take memory from the heap.
  private static let usualBytes = 2_048

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  static func logger(_ level: Logger.Level) -> Logger {
    Logger(label: "closerflow", factory: { _ in LogLines(logLevel: level) })
  }

  func log(event: LogEvent) {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    var needed = 0
    withUnsafeTemporaryAllocation(byteCount: Self.usualBytes, alignment: 1) { memory in
      needed = write(event, at: now, into: memory)
      if needed <= memory.count { Self.flush(memory[..<needed]) }
    }
    guard needed > Self.usualBytes else { return }
    withUnsafeTemporaryAllocation(byteCount: needed, alignment: 1) { memory in
      let count = write(event, at: now, into: memory)
      Self.flush(memory[..<min(count, memory.count)])
    }
  }

  /// Returns how many bytes the line has, whether they fit or not.
  func write(
    _ event: LogEvent, at time: timespec, into memory: UnsafeMutableRawBufferPointer
  ) -> Int {
    var line = JSONLine(memory)
    line.add("{\"time\":\"")
    line.add(time)
    line.add("\",\"level\":\"")
    line.add(event.level.rawValue)
    line.add("\",\"message\":")
    line.addQuoted(event.message.description)
    let own = event.metadata ?? [:]
    let context = metadata.isEmpty ? own : metadata.merging(own) { _, own in own }
    for (key, value) in context.sorted(by: { $0.key < $1.key }) { line.add(key, value) }
    if let error = event.error { line.add("error", .string("\(error)")) }
    line.add("}\n")
    return line.count
  }

  /// A log that cannot be written has nobody to tell it to.
  private static func flush(_ line: Slice<UnsafeMutableRawBufferPointer>) {
    var rest = UnsafeRawBufferPointer(rebasing: line)
    while !rest.isEmpty {
      let written = Glibc.write(STDERR_FILENO, rest.baseAddress, rest.count)
      if written < 0 {
        if errno == EINTR { continue }
        return
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[written...])
    }
  }
}

/// Writes JSON into memory it is given, and goes on counting where that ends.
private struct JSONLine {
  private let memory: UnsafeMutableRawBufferPointer
  private(set) var count = 0

  init(_ memory: UnsafeMutableRawBufferPointer) { self.memory = memory }

  mutating func add(_ byte: UInt8) {
    if count < memory.count { memory[count] = byte }
    count += 1
  }

  mutating func add(_ text: String) {
    for byte in text.utf8 { add(byte) }
  }

  mutating func add(_ key: String, _ value: Logger.MetadataValue) {
    add(UInt8(ascii: ","))
    addQuoted(key)
    add(UInt8(ascii: ":"))
    add(value)
  }

  private mutating func add(_ value: Logger.MetadataValue) {
    switch value {
    case .string(let text): addQuoted(text)
    case .stringConvertible(let value as any BinaryInteger): add("\(value)")
    case .stringConvertible(let value as Bool): add(value ? "true" : "false")
    case .stringConvertible(let value as Double) where value.isFinite: add("\(value)")
    case .stringConvertible(let value): addQuoted("\(value)")
    case .array(let values):
      add(UInt8(ascii: "["))
      for (position, value) in values.enumerated() {
        if position > 0 { add(UInt8(ascii: ",")) }
        add(value)
      }
      add(UInt8(ascii: "]"))
    case .dictionary(let members):
      add(UInt8(ascii: "{"))
      for (position, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
        if position > 0 { add(UInt8(ascii: ",")) }
        addQuoted(member.key)
        add(UInt8(ascii: ":"))
        add(member.value)
      }
      add(UInt8(ascii: "}"))
    }
  }

  /// Control characters, C1 too (U+0080 to U+009F, `C2 80` to `C2 9F`), are escaped: a terminal
  /// that shows the log obeys none.
  mutating func addQuoted(_ text: String) {
    add(UInt8(ascii: "\""))
    var follows = false
    for byte in text.utf8 {
      if follows {
        follows = false
        if (0x80...0x9F).contains(byte) {
          addEscape(byte)
        } else {
          add(0xC2)
          add(byte)
        }
        continue
      }
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        add(UInt8(ascii: "\\"))
        add(byte)
      case 0..<0x20, 0x7F: addEscape(byte)
      case 0xC2: follows = true
      default: add(byte)
      }
    }
    add(UInt8(ascii: "\""))
  }

  private mutating func addEscape(_ byte: UInt8) {
    add("\\u00")
    for digit in [byte >> 4, byte & 15] {
      add(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }
  }

  /// RFC 3339 in UTC, with milliseconds.
  mutating func add(_ time: timespec) {
    var seconds = time.tv_sec
    var date = tm()
    gmtime_r(&seconds, &date)
    add(Int(date.tm_year) + 1_900, digits: 4)
    add(UInt8(ascii: "-"))
    add(Int(date.tm_mon) + 1, digits: 2)
    add(UInt8(ascii: "-"))
    add(Int(date.tm_mday), digits: 2)
    add(UInt8(ascii: "T"))
    add(Int(date.tm_hour), digits: 2)
    add(UInt8(ascii: ":"))
    add(Int(date.tm_min), digits: 2)
    add(UInt8(ascii: ":"))
    add(Int(date.tm_sec), digits: 2)
    add(UInt8(ascii: "."))
    add(time.tv_nsec / 1_000_000, digits: 3)
    add(UInt8(ascii: "Z"))
  }

  private mutating func add(_ number: Int, digits: Int) {
    var unit = 1
    for _ in 1..<digits { unit *= 10 }
    while unit > 0 {
      add(UInt8(ascii: "0") + UInt8(number / unit % 10))
      unit /= 10
    }
  }
}
