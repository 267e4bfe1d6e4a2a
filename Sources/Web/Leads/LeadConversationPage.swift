import CRM
import Templating

/// What was said, in and out, newest first.
struct LeadConversationPage: Page {
  let record: LeadRecord
  let messages: [MessageLine]
  let newestURL: String?
  let olderURL: String?

  init(
    _ record: LeadRecord, _ found: [ConversationMessage], before: ID<ConversationMessage>?
  ) {
    self.record = record
    let here = LeadTab.conversation.url(record.lead.id)
    let shown = found.prefix(ConversationMessage.pageSize)
    // Only the last word of a thread waits for an answer, and it stands on the first page.
    let last =
      before == nil
      ? Set(Dictionary(grouping: shown, by: \.thread).values.compactMap { $0.first?.id }) : []
    messages = shown.map {
      MessageLine($0, isLast: last.contains($0.id), record.desk.viewer)
    }
    newestURL = before == nil ? nil : here
    olderURL =
      found.count > ConversationMessage.pageSize
      ? Links.list(here, [("before", found[ConversationMessage.pageSize - 1].id.description)])
      : nil
  }

  static let template = "leads/conversation"
  static let keys = Keys<LeadConversationPage>().include(\.record)
    .flag("has_messages") { !$0.messages.isEmpty }.list("messages", \.messages)
    .flag("has_pages") { $0.newestURL != nil || $0.olderURL != nil }
    .text("newest_url", \.newestURL).text("older_url", \.olderURL)
}

struct MessageLine: Templated {
  let message: ConversationMessage
  let isLast: Bool
  let moment: Moment

  init(_ message: ConversationMessage, isLast: Bool, _ viewer: Viewer) {
    self.message = message
    self.isLast = isLast
    moment = Moment(message.at, now: viewer.now)
  }

  private var channel: L {
    (message.draft == nil ? message.channel : .email).words
  }

  private var writer: L {
    switch message.role {
    case .lead: L("From the lead")
    case .operator: message.actorName.map { L("From \($0)") } ?? L("From us")
    case .ai: L("From the assistant")
    case .system: L("CloserFlow")
    }
  }

  static let keys = Keys<MessageLine>()
    .text("message", \.message.words)
    .text("draft_url") { $0.message.draft.map { Links.draft($0) } }
    .text("draft_subject", \.message.draftSubject).text("writer") { $0.writer }
    .flag("inbound") { $0.message.role == .lead }
    .text("channel_name", \.channel).text("thread_subject", \.message.subject)
    .flag("awaiting") { $0.isLast && $0.message.isAwaitingReply && $0.message.role == .lead }
    .flag("closed", \.message.isClosed)
    .moment("said") { $0.moment }
}

extension ConversationThread.Channel {
  var words: L {
    switch self {
    case .email: L("E-mail")
    case .sms: L("Text message")
    case .phone: L("Phone")
    case .form: L("Web form")
    }
  }
}
