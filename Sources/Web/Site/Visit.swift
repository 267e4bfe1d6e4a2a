import CRM
import HTTP
import Postgres
import Secrets
import Spool
import Synchronization
import Templating

/// One request on its way to an answer: what was asked, by whom, and what to answer with.
struct Visit {
  let request: Request
  let services: Services
  /// Nil where nobody is signed in.
  let token: Token?
  fileprivate let permission: Permission?
  /// Who it turned out to be; for the log, and for what is done after the answer.
  let guest = Guest()

  init(_ request: Request, _ services: Services, token: Token?, permission: Permission?) {
    self.request = request
    self.services = services
    self.token = token
    self.permission = permission
  }

  var shared: Services.Shared { services.shared }

  final class Guest: Sendable {
    private let seen = Mutex<(viewer: Viewer?, hasUnread: Bool)>((nil, false))

    var viewer: Viewer? { seen.withLock { $0.viewer } }
    /// Something they were told is not read yet.
    var hasUnread: Bool { seen.withLock { $0.hasUnread } }

    fileprivate func remember(_ viewer: Viewer, hasUnread: Bool = false) {
      seen.withLock { $0 = (viewer, hasUnread) }
    }
  }

  /// The id in the path, or nothing there: 404.
  func id<Subject>(_ subject: Subject.Type, _ name: String = "id") throws -> ID<Subject> {
    guard let text = request.parameter(name), let id = ID<Subject>(text) else { throw NotFound() }
    return id
  }

  /// An id in the query, such as `?after=`; one that is none is ignored.
  func queryID<Subject>(_ name: String, of subject: Subject.Type) throws -> ID<Subject>? {
    try request.query.value(name).flatMap { ID<Subject>($0) }
  }

  /// What is said once about what was just done: the address names it, and a cookie of the same answer says
  /// that it was not shown yet.
  var notice: Notice? {
    get throws {
      let name = shared.configuration.cookieName("said")
      guard let said = try request.query.value("said"), try request.cookie(name) == said else {
        return nil
      }
      return Notice(rawValue: said)
    }
  }

  func session() throws -> Session {
    guard let token else { throw EntryRefusal.noSession }
    return Session(token, may: permission, requestID: request.id)
  }
}

// MARK: - The database

extension Visit {
  /// Answers the queries, and what the frame around the page needs, in one round trip.
  func read<each T>(_ queries: repeat Query<each T>) throws -> (Desk, repeat each T) {
    try services.database.read(as: DeskEntry(self), repeat each queries)
  }

  /// The same where some answers are parts of one thing, which `whole` puts together.
  func read<each Part, Whole, each T>(
    _ parts: (repeat Query<each Part>), whole: (Desk, repeat each Part) throws -> Whole,
    _ queries: repeat Query<each T>
  ) throws -> (Whole, repeat each T) {
    try services.database.read(
      as: DeskEntry(self), (repeat each parts), whole: whole, repeat each queries)
  }

  /// The same for an answer of any length, which is handed over some rows at a time; see ``Database/stream``.
  func stream<each T, Element>(
    _ queries: repeat Query<each T>, choose: (Desk, repeat each T) throws -> Query<[Element]>,
    each: ([Element]) throws -> Void
  ) throws {
    try services.database.stream(
      as: DeskEntry(self), repeat each queries, choose: choose, each: each)
  }

  /// Makes a change: `body` looks, decides, queues, and answers with where to go. A form that was
  /// posted before is answered with where it went then, and changes nothing.
  func post(_ body: (Transaction<PostEntry>) throws -> String) throws -> Response {
    let entry = try PostEntry(self)
    do {
      let location = try services.database.write(as: entry) { tx in
        let location = try body(tx)
        entry.posting.settle(at: location, in: tx)
        return location
      }
      return try .seeOther(location)
    } catch let error as Posting.AlreadyPosted {
      return try .seeOther(error.location ?? request.path.raw)
    }
  }
}

/// A page is asked for: the way in, and the frame around the answer.
struct DeskEntry: Entry {
  private let session: Session
  private let frame: Desk.Frame
  private let guest: Visit.Guest

  init(_ visit: Visit) throws {
    session = try visit.session()
    frame = try Desk.Frame(visit)
    guest = visit.guest
  }

  var enter: Query<Desk> {
    session.enterDesk.map { [frame, guest] entered in
      guest.remember(entered.viewer, hasUnread: entered.counts.unreadNotifications > 0)
      return Desk(frame, entered.viewer, entered.counts)
    }
  }
}

/// A form is posted.
struct PostEntry: Entry {
  let posting: Posting
  private let guest: Visit.Guest

  fileprivate init(_ visit: Visit) throws {
    // Without its key a form would not be recognised when it comes twice.
    let form = try visit.request.form
    guard let once = try form.value("_once"), (1...100).contains(once.utf8.count)
    else { throw ClientError.badRequest("a form without its key") }
    // The token is masked anew each time a form is shown.
    let written =
      form.fields.pairs.filter { $0.name != "_token" }.map { (name: $0.name, value: $0.value) }
      + (try form.files.map { (name: $0.field, value: try Self.digest(of: $0)) })
    posting = Posting(
      try visit.session(), path: visit.request.path.raw, once: once,
      written: NamedValues.encode(written))
    guest = visit.guest
  }

  private static func digest(of file: UploadedFile) throws -> String {
    var hash = Sodium.SHA256()
    try file.bytes.eachPiece { hash.update($0) }
    return Hex.encode(hash.digest())
  }

  var enter: Query<Viewer> {
    posting.enter.map { [guest] viewer in
      guest.remember(viewer)
      return viewer
    }
  }
}
