import CRM
import Templating

/// A question of a lead, as the lists and its own page show it.
struct QuestionLine: Templated {
  let question: Question
  let now: Timestamp
  let mayWrite: Bool
  var isFirst = false
  var isLast = false
  /// Its answer came back: it stays on the page.
  var isAnswerReturned = false

  private var answered: Moment? { question.answer.map { Moment($0.at, now: now) } }

  static let keys = Keys<QuestionLine>()
    .text("question_id") { $0.question.id.description }
    .text("question_text", \.question.text)
    .text("question_rationale", \.question.rationale)
    .text("question_category") { $0.question.category.words }
    .text("question_status") { $0.question.status.words }
    .text("question_tone") { $0.question.status.tone }
    .text("question_origin") { $0.question.originWords }
    .text("question_fact", \.question.factName)
    .text("need_words") { $0.question.needWords }
    .text("nearness_words") { $0.question.isPinned ? nil : $0.question.nearnessWords }
    .list("citations") { $0.question.citations.map(CitationLine.init) }
    .flag("has_citations") { !$0.question.citations.isEmpty }
    .flag("may_change") { $0.mayWrite && $0.question.status.isOpen }
    .flag("may_ask") { $0.mayWrite && $0.question.status == .proposed }
    .flag("may_answer") {
      $0.mayWrite && ($0.question.status != .dismissed || $0.isAnswerReturned)
    }
    .flag("may_restore") { $0.mayWrite && $0.question.status == .dismissed }
    .flag("may_rise") { $0.mayWrite && !$0.isFirst }.flag("may_sink") { $0.mayWrite && !$0.isLast }
    .flag("is_asked") { $0.question.status == .asked }
    .flag("is_answered") { $0.question.status == .answered }
    .text("answer_body") { $0.question.answer?.body }
    .text("answer_by") { $0.question.answer?.actorName }
    .text("answer_channel") { $0.question.answer?.channel.words }
    .moment("answered") { $0.answered }
    .text("earlier_answers") {
      $0.question.answerCount > 1
        ? L.plural(
          $0.question.answerCount - 1, "\($0.question.answerCount - 1) earlier answer",
          "\($0.question.answerCount - 1) earlier answers")
        : nil
    }
}

/// Words of a lead that a question rests on.
struct CitationLine: Templated {
  let citation: Citation

  static let keys = Keys<CitationLine>()
    .text("quote", \.citation.quote)
    .text("quote_source") { Question.sourceWords($0.citation.source) }
}

/// One needed fact in the coverage meter.
struct CoverageLine: Templated {
  let line: Coverage.Line
  let mayAsk: Bool
  let now: Timestamp

  private var neededFor: L? {
    switch (line.fact.details.forScope, line.fact.details.forEstimate) {
    case (true, true): L("for scope and estimate")
    case (true, false): L("for the scope")
    case (false, true): L("for the estimate")
    case (false, false): nil
    }
  }

  static let keys = Keys<CoverageLine>()
    .text("fact_name", \.line.fact.details.name)
    .text("fact_state") {
      $0.line.known != nil ? L("Known") : $0.line.isAsked ? L("Asked") : L("Not known")
    }
    .text("fact_tone") { $0.line.known != nil ? Tone.fine : $0.line.isAsked ? .look : .plain }
    .text("fact_id") { $0.line.fact.id.description }
    .flag("may_ask_for") { $0.mayAsk && $0.line.known == nil && !$0.line.isOpen }
    .text("fact_needed") { $0.neededFor }
    .text("fact_answer") { $0.line.known?.answer.body }
    .text("fact_by") { $0.line.known?.answer.actorName }
    .text("fact_question_id") { $0.line.known?.question.id.description }
    .moment("fact_since") { line in line.line.known.map { Moment($0.answer.at, now: line.now) } }
}

/// How far a document is covered: known of needed, as a bar and in words.
struct CoverageBar: Templated {
  let name: L
  let id: String
  let known: Int
  let needed: Int

  static let keys = Keys<CoverageBar>()
    .text("bar_name", \.name).text("bar_id", \.id).text("bar_known", \.known)
    .text("bar_needed", \.needed)
    .text("bar_words") { L("\($0.known) of \($0.needed) known") }
    .flag("bar_full") { $0.known == $0.needed }
}
