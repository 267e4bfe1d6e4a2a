import CCurl
import CShims

/// What every use of libcurl shares.
enum Curl {
  /// Once for the process; libcurl asks that no other thread runs its start-up at the same time.
  static let start: Void = {
    let code = curl_global_init(Int(CURL_GLOBAL_DEFAULT))
    precondition(code == CURLE_OK, "libcurl could not start")
  }()

  /// Runs the transfer. The reason is libcurl's own sentence, or that of the code.
  static func perform(_ handle: UnsafeMutableRawPointer) -> (code: CURLcode, reason: String) {
    var detail = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE))
    return detail.withUnsafeMutableBufferPointer { buffer in
      cf_curl_set_error_buffer(handle, buffer.baseAddress)
      let code = curl_easy_perform(handle)
      cf_curl_set_error_buffer(handle, nil)
      let said = String(
        decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      return (code, said.isEmpty ? text(code) : said)
    }
  }

  static func text(_ code: CURLcode) -> String { String(cString: curl_easy_strerror(code)) }

  static func bytes(
    _ text: UnsafeMutablePointer<CChar>?, _ count: Int
  ) -> UnsafeMutableBufferPointer<UInt8> {
    let start = UnsafeMutableRawPointer(text)?.assumingMemoryBound(to: UInt8.self)
    return UnsafeMutableBufferPointer(start: start, count: count)
  }
}

/// A handle's options, set one after the other; the first failure is kept.
struct CurlOptions {
  let handle: UnsafeMutableRawPointer
  private(set) var code = CURLE_OK

  init(handle: UnsafeMutableRawPointer) {
    self.handle = handle
    // The environment must not choose the way our traffic takes.
    string(CURLOPT_PROXY, "")
    long(CURLOPT_NOSIGNAL, 1)
    long(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
  }

  mutating func string(_ option: CURLoption, _ value: String) {
    keep(cf_curl_set_string(handle, option, value))
  }

  mutating func long(_ option: CURLoption, _ value: Int) {
    keep(cf_curl_set_long(handle, option, value))
  }

  mutating func size(_ option: CURLoption, _ value: curl_off_t) {
    keep(cf_curl_set_size(handle, option, value))
  }

  mutating func list(_ option: CURLoption, _ value: UnsafeMutablePointer<curl_slist>?) {
    keep(cf_curl_set_list(handle, option, value))
  }

  mutating func keep(_ result: CURLcode) {
    if code == CURLE_OK { code = result }
  }
}
