import CRM
import CSV
import HTTP
import HTTPTypes
import Spool
import Synchronization

/// Room for files that are made or read: a spool on disk, and places that are fewer than the workers, so
/// that everybody else's pages are answered meanwhile.
package struct HeavyWork: Sendable {
  let spool: Spool
  /// For as long as a file is made or read: it keeps a worker, a connection and a processor busy.
  let making: Places
  /// For as long as somebody fetches one: it lies in the spool.
  let fetching: Places

  package init(spool: Spool, workers: Int) {
    self.spool = spool
    let most = max(1, workers / 2)
    making = Places(perMember: 1, perTenant: max(1, most - 1), all: most)
    fetching = Places(perMember: 2, perTenant: 6, all: 20)
  }
}

/// So many at once of one member, of one tenant, and of all.
final class Places: Sendable {
  private struct Taken {
    var byMember: [Member: Int] = [:]
    var byTenant: [ID<Tenant>: Int] = [:]
    var all = 0
  }

  fileprivate struct Member: Hashable {
    let tenant: ID<Tenant>
    let user: ID<User>
  }

  private let perMember: Int
  private let perTenant: Int
  private let all: Int
  private let taken = Mutex(Taken())

  init(perMember: Int, perTenant: Int, all: Int) {
    self.perMember = perMember
    self.perTenant = perTenant
    self.all = all
  }

  /// A place that is free again with the last who holds it. Nobody waits for one: that would keep a worker.
  func take(for viewer: Viewer) throws(NoPlace) -> Place {
    try take(by: viewer.id, of: viewer.tenant)
  }

  func take(by user: ID<User>, of tenant: ID<Tenant>) throws(NoPlace) -> Place {
    let member = Member(tenant: tenant, user: user)
    let refusal = taken.withLock { taken -> NoPlace? in
      guard taken.byMember[member, default: 0] < perMember else { return .yours }
      guard taken.byTenant[member.tenant, default: 0] < perTenant, taken.all < all else {
        return .others
      }
      taken.byMember[member, default: 0] += 1
      taken.byTenant[member.tenant, default: 0] += 1
      taken.all += 1
      return nil
    }
    if let refusal { throw refusal }
    return Place(self, member)
  }

  fileprivate func giveBack(_ member: Member) {
    taken.withLock { taken in
      Self.countDown(&taken.byMember, member)
      Self.countDown(&taken.byTenant, member.tenant)
      taken.all -= 1
    }
  }

  private static func countDown<Key>(_ counts: inout [Key: Int], _ key: Key) {
    let left = counts[key, default: 0] - 1
    counts[key] = left > 0 ? left : nil
  }
}

/// One of the ``Places``.
final class Place: Sendable {
  private let places: Places
  private let member: Places.Member

  fileprivate init(_ places: Places, _ member: Places.Member) {
    self.places = places
    self.member = member
  }

  deinit { places.giveBack(member) }
}

/// All places are taken: by oneself, or by others.
enum NoPlace: Error {
  case yours, others
}

/// A CSV file that is written to the spool as its rows come, and fetched from there.
struct CSVDownload {
  private let making: Place
  private let file: SpoolFile
  private var writer: CSVWriter

  init(for viewer: Viewer, _ work: HeavyWork, _ writer: CSVWriter) throws {
    making = try work.making.take(for: viewer)
    file = try work.spool.file(with: try work.fetching.take(for: viewer))
    self.writer = writer
  }

  mutating func write(_ row: [String]) throws {
    writer.write(row)
    guard writer.bytes.count >= Bytes.pieceBytes else { return }
    try flush()
  }

  private mutating func flush() throws {
    try file.append(writer.bytes)
    writer.removeAll()
  }

  mutating func response(named name: String) throws -> Response {
    try flush()
    var response = Response(status: .ok, body: Bytes(file))
    try response.add(.contentType, "text/csv; charset=utf-8")
    try response.add(.contentDisposition, "attachment; filename=\"\(name)\"")
    return response
  }
}
