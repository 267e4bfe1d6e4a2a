import CRM
import HTTP
import HTTPTypes
import Templating

/// The board, and moving a card on it. A card that was dropped posts the same form.
enum BoardPages {
  static func add(to router: inout Router<Answer>) {
    router.get("/leads/board", .may(.readLeads), show)
    router.post("/leads/board", .may(.writeLeads), move)
  }

  private static func show(_ visit: Visit) throws -> Response {
    if let filter = try visit.filterOfSegment() {
      return try .seeOther(Links.list(Links.board, LeadBoard(filter).filter.pairs))
    }
    return try show(visit, LeadBoard(try LeadFilter(visit.request.query)), back: nil)
  }

  private static func show(
    _ visit: Visit, _ board: LeadBoard, back: CardMove?, status: HTTPResponse.Status = .ok
  ) throws -> Response {
    let (desk, cards, totals, settings, members) = try visit.read(
      board.cards, board.totals, WorkspaceSettings.current, Member.active)
    return try visit.page(
      BoardPage(desk, board, cards, totals, settings, members, back: back), desk, status: status)
  }

  private static func move(_ visit: Visit) throws -> Response {
    let posted = try visit.request.form
    let board = LeadBoard(try LeadFilter(posted.fields))
    guard let wish = try posted.value("move").flatMap(CardMove.init) else {
      throw ClientError.badRequest("neither a lead nor a stage")
    }
    var back = wish
    back.reason = try posted.optionalText("reason", max: 500)
    if back.reason.error != nil {
      return try show(visit, board, back: back, status: .unprocessableContent)
    }
    let reason = back.reason.value ?? nil
    do {
      return try visit.post { tx in
        try Lead.change(wish.lead, in: tx) { lead in
          back.title = lead.title
          // Who was quicker with the same move is no conflict.
          guard lead.life == .active, lead.stage == wish.was || lead.stage == wish.stage else {
            throw Lead.Refusal.changedMeanwhile
          }
          try lead.move(to: wish.stage, reason: reason, in: tx)
        }
        return board.url(said: .leadMoved)
      }
    } catch Lead.Refusal.reasonNeeded {
      back.reason.error = L("Say why.")
      return try show(visit, board, back: back, status: .unprocessableContent)
    } catch Lead.Refusal.alreadyThere {
      return try .seeOther(board.url())
    } catch let refusal as Lead.Refusal
      where [.changedMeanwhile, .isClosed, .isDeleted, .isMerged].contains(refusal)
    {
      return try .seeOther(board.url(said: .cardMovedOn))
    }
  }
}

/// A card on its way from where it was seen to another column; a way back needs a reason.
struct CardMove: Templated {
  let lead: ID<Lead>
  /// Where the card was seen.
  let was: Lead.Stage
  let stage: Lead.Stage
  var title = ""
  var reason = Field<String?, L>()

  /// As a button of the card says it: `{id}/new/proposal`.
  init?(text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 3, let lead = ID<Lead>(parts[0]),
      let was = Lead.Stage(rawValue: parts[1]), let stage = Lead.Stage(rawValue: parts[2])
    else { return nil }
    self.init(lead, from: was, to: stage)
  }

  init(_ lead: ID<Lead>, from was: Lead.Stage, to stage: Lead.Stage) {
    self.lead = lead
    self.was = was
    self.stage = stage
  }

  var text: String { "\(lead)/\(was.rawValue)/\(stage.rawValue)" }

  static let keys = Keys<CardMove>().text("move", \.text).text("move_name") { $0.stage.words }
}

extension LeadBoard {
  func url(said: Notice? = nil) -> String {
    Links.list(Links.board, filter.pairs + [("said", said?.rawValue)])
  }
}
