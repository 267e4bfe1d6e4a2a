import CRM
import HTTP
import Templating

/// What to ask a lead next, what it has said, and what is still to be known.
struct LeadDiscoveryPage: Page {
  let record: LeadRecord
  let form: QuestionForm
  let isFormOpen: Bool
  let answer = AnswerForm()
  let next: QuestionLine?
  let open: [QuestionLine]
  let answered: [QuestionLine]
  let dismissed: [QuestionLine]
  let coverage: Coverage
  let job: JobNotice?
  let isPinned: Bool
  private let mayWrite: Bool

  init(
    _ record: LeadRecord, _ questions: [Question], _ facts: [Fact], _ job: Job?,
    askingFor fact: ID<Fact>? = nil, returned: QuestionForm?
  ) {
    self.record = record
    let asked = facts.first { $0.id == fact }.map {
      QuestionForm(text: $0.details.question, rationale: "", category: .need, fact: $0.id)
    }
    var form = returned ?? asked ?? QuestionForm()
    form.facts = facts
    self.form = form
    isFormOpen = returned != nil || asked != nil
    let viewer = record.desk.viewer
    let mayWrite = viewer.may(.writeLeads) && record.lead.life != .deleted
    self.mayWrite = mayWrite
    func lines(_ status: (Question.Status) -> Bool) -> [QuestionLine] {
      let chosen = questions.filter { status($0.status) }
      return chosen.enumerated().map { index, question in
        QuestionLine(
          question: question, now: viewer.now, mayWrite: mayWrite, isFirst: index == 0,
          isLast: index == chosen.count - 1)
      }
    }
    let open = lines(\.isOpen)
    // What was asked already waits for its answer: next is what can be asked now.
    let next = open.first { $0.question.status == .proposed } ?? open.first
    self.next = next
    self.open = open.filter { $0.question.id != next?.question.id }
    answered = lines { $0 == .answered }
    dismissed = lines { $0 == .dismissed }
    coverage = Coverage(facts, questions)
    self.job = job.flatMap(JobNotice.init)
    isPinned = questions.contains { $0.isPinned && $0.status.isOpen }
  }

  private var bars: [CoverageBar] {
    let scope = coverage.count(where: \.forScope)
    let estimate = coverage.count(where: \.forEstimate)
    return [
      CoverageBar(name: L("Scope"), id: "scope", known: scope.known, needed: scope.needed),
      CoverageBar(
        name: L("Estimate"), id: "estimate", known: estimate.known, needed: estimate.needed),
    ].filter { $0.needed > 0 }
  }

  static let template = "discovery/lead"
  static let keys = Keys<LeadDiscoveryPage>().include(\.record)
    .object("question_form") { $0.form }
    .flag("may_question") { $0.mayWrite }.flag("may_suggest") {
      $0.mayWrite && $0.job?.isLive != true
    }
    .flag("form_open", \.isFormOpen)
    .object("next_question", \.next).flag("has_next") { $0.next != nil }
    .object("answer_form") { $0.answer }.flag("is_alone") { _ in false }
    .list("open_questions", \.open).flag("has_open") { !$0.open.isEmpty }
    .list("answered_questions", \.answered).flag("has_answered") { !$0.answered.isEmpty }
    .list("dismissed_questions", \.dismissed).flag("has_dismissed") { !$0.dismissed.isEmpty }
    .flag("has_none") { $0.next == nil && $0.answered.isEmpty && $0.dismissed.isEmpty }
    .flag("all_done") { $0.next == nil && !($0.answered.isEmpty && $0.dismissed.isEmpty) }
    .flag("is_ordered_by_hand") { $0.isPinned && $0.mayWrite }
    .object("job", \.job)
    .list("coverage") { page in
      page.coverage.lines.map {
        CoverageLine(line: $0, mayAsk: page.mayWrite, now: page.record.desk.viewer.now)
      }
    }
    .list("bars") { $0.bars }
}

/// What the last search for questions is doing, or came to; nil where that is no news.
struct JobNotice: Templated {
  let isLive: Bool
  let words: L
  let tone: Tone

  init?(_ job: Job) {
    isLive = job.state.isLive
    switch job.state {
    case .ready, .leased:
      words = L("Questions are being looked for. You can go on working here.")
      tone = .plain
    case .failed where job.lastError == Question.tooManyProposed:
      words = L(
        "More than 60 proposed questions are waiting. Answer or dismiss some, then ask again."
      )
      tone = .look
    case .failed:
      // A code of ours, or a sentence of the machinery.
      words =
        job.lastError.flatMap(AIAction.Status.init)?.explained
        ?? L("The search met an error and ended. Ask again; an admin sees what happened.")
      tone = .stop
    case .done where job.done == 0:
      words = L("The last search found nothing new to ask.")
      tone = .plain
    case .done, .cancelled: return nil
    }
  }

  static let keys = Keys<JobNotice>()
    .flag("job_live", \.isLive).text("job_words", \.words).text("job_tone", \.tone)
}

/// A page to wait on: it asks again by itself, and holds nothing that could be typed into.
struct QuestionSearchPage: Page {
  let desk: Desk
  let lead: Lead
  let isWaiting: Bool

  static let template = "discovery/search"
  static let keys = Keys<QuestionSearchPage>().include(\.desk)
    .text("lead_id") { $0.lead.id.description }.text("lead_title", \.lead.title)
    .flag("is_waiting", \.isWaiting)
}

/// One question with everything about it: its evidence, all its answers, and its forms.
struct QuestionPage: Page {
  let desk: Desk
  let line: QuestionLine
  let leadTitle: String
  let answers: [AnswerLine]
  let form: QuestionForm
  let answer: AnswerForm
  let isFormOpen: Bool
  let conflict: Conflict?

  init(
    _ desk: Desk, _ question: Question, of lead: Lead, _ answers: [DiscoveryAnswer],
    _ facts: [Fact],
    form: QuestionForm? = nil, answer: AnswerForm? = nil
  ) {
    self.desk = desk
    let mayWrite = desk.viewer.may(.writeLeads) && lead.life != .deleted
    line = QuestionLine(
      question: question, now: desk.viewer.now, mayWrite: mayWrite, isAnswerReturned: answer != nil)
    leadTitle = lead.title
    self.answers = answers.map { AnswerLine(answer: $0, now: desk.viewer.now) }
    let saved = QuestionForm(
      text: question.text, rationale: question.rationale, category: question.category,
      fact: question.fact)
    var filled = form ?? saved
    filled.facts = facts
    // Where the other wording is shown beside it, saving again keeps what is typed.
    if form == nil || filled.isOvertaken { filled.revision = question.revision }
    conflict =
      form?.isOvertaken == true && question.status.isOpen
      ? Conflict(
        L("Somebody reworded this question while you were writing"),
        filled.differences(from: saved, factName: question.factName)) : nil
    self.form = filled
    self.answer = answer ?? AnswerForm()
    isFormOpen = form != nil
  }

  private var problems: [FieldProblem] { form.errors.problems + answer.errors.problems }

  static let template = "discovery/question"
  static let keys = Keys<QuestionPage>().include(\.desk).include(\.line)
    .text("lead_id") { $0.line.question.lead.description }.text("lead_title", \.leadTitle)
    .text("prompt_reference", \.line.question.promptReference)
    .object("question_form") { $0.form }.object("answer_form") { $0.answer }
    .flag("is_alone") { _ in true }.flag("form_open", \.isFormOpen).object("conflict", \.conflict)
    .flag("may_add_instead") { $0.isFormOpen && !$0.line.question.status.isOpen }
    .list("answers", \.answers).flag("has_answers") { !$0.answers.isEmpty }
    .flag("has_errors") { !$0.problems.isEmpty }.list("errors") { $0.problems }
}

struct AnswerLine: Templated {
  let answer: DiscoveryAnswer
  let now: Timestamp

  static let keys = Keys<AnswerLine>()
    .text("said_body", \.answer.body).text("said_by", \.answer.actorName)
    .text("said_channel") { $0.answer.channel.words }
    .moment("said") { Moment($0.answer.at, now: $0.now) }
}
