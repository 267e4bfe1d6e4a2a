import CRM
import HTTP
import HTTPTypes
import Postgres
import Templating

/// Questions to a lead and what it answered.
enum DiscoveryPages {
  static func add(to router: inout Router<Answer>) {
    router.get("/leads/{id}/discovery", .may(.readLeads), show)
    router.get("/leads/{id}/questions/search", .may(.readLeads), search)
    router.post("/leads/{id}/questions", .may(.writeLeads), add)
    router.post("/leads/{id}/questions/order", .may(.writeLeads), unpin)
    router.get("/leads/{id}/questions/bank", .may(.writeLeads), BankChoicePage.show)
    router.post("/leads/{id}/questions/bank", .may(.writeLeads), BankChoicePage.add)
    router.get("/questions/{id}", .may(.readLeads), question)
    router.post("/questions/{id}", .may(.writeLeads), save)
    router.post("/questions/{id}/answers", .may(.writeLeads), answer)
    router.post("/questions/{id}/position", .may(.writeLeads), move)
    for deed in Deed.allCases {
      router.post("/questions/{id}/\(deed.rawValue)", .may(.writeLeads)) {
        try carryOut(deed, $0)
      }
    }
  }

  // MARK: - Looking

  private static func show(_ visit: Visit) throws -> Response {
    try show(visit, try visit.id(Lead.self), returned: nil)
  }

  private static func show(
    _ visit: Visit, _ id: ID<Lead>, returned: QuestionForm?
  ) throws -> Response {
    let (record, questions, facts, job) = try visit.readRecord(
      id, .discovery, returned: returned.map(ReturnedForm.question), Question.all(of: id),
      Fact.all(), Job.latest(.questions, about: id))
    let page = LeadDiscoveryPage(
      record, questions, facts, job, askingFor: try visit.queryID("fact", of: Fact.self),
      returned: returned)
    return try visit.page(
      page, record.desk, status: returned == nil ? .ok : .unprocessableContent)
  }

  /// Asks the browser to look again while the search runs: a page of its own, because a page that
  /// loads by itself loses what is typed into it.
  private static func search(_ visit: Visit) throws -> Response {
    let id = try visit.id(Lead.self)
    let (desk, lead, job) = try visit.read(Lead.find(id), Job.latest(.questions, about: id))
    guard let lead else { throw NotFound() }
    guard job?.state.isLive == true else {
      return try .seeOther(
        Links.discovery(id, job?.state == .done && job?.done != 0 ? .questionsFound : nil))
    }
    var response = try visit.page(
      QuestionSearchPage(desk: desk, lead: lead, isWaiting: job?.state == .ready), desk)
    if let refresh = HTTPField.Name("Refresh") { try response.add(refresh, "2") }
    return response
  }

  private static func question(_ visit: Visit) throws -> Response {
    try question(visit, form: nil, answer: nil)
  }

  private static func question(
    _ visit: Visit, form: QuestionForm?, answer: AnswerForm?
  ) throws -> Response {
    let id = try visit.id(Question.self)
    let (desk, question, lead, answers, facts) = try visit.read(
      Question.find(id), Lead.find(withQuestion: id), DiscoveryAnswer.all(to: id), Fact.all())
    guard let question, let lead else { throw NotFound() }
    let page = QuestionPage(
      desk, question, of: lead, answers, facts, form: form, answer: answer)
    let isReturned = form != nil || answer != nil
    let isOvertaken = form?.isOvertaken == true || answer?.isOvertaken == true
    return try visit.page(
      page, desk, status: isOvertaken ? .conflict : isReturned ? .unprocessableContent : .ok)
  }

  // MARK: - Changing

  /// Adds what somebody wrote, or asks a worker to look for more.
  private static func add(_ visit: Visit) throws -> Response {
    let id = try visit.id(Lead.self)
    let posted = try visit.request.form
    if try posted.value("generate") != nil {
      return try visit.post { tx in
        try tx.askForQuestions(about: id)
        return Links.questionSearch(id)
      }
    }
    var form = try QuestionForm(posted)
    guard let question = form.question else { return try show(visit, id, returned: form) }
    do {
      return try visit.post { tx in
        try Question.add(question, to: id, in: tx)
        return Links.discovery(id, .questionAdded)
      }
    } catch let error as PostgresError {
      guard let refusal = Question.Refusal(error), form.explain(refusal) else { throw error }
      return try show(visit, id, returned: form)
    }
  }

  private static func save(_ visit: Visit) throws -> Response {
    let id = try visit.id(Question.self)
    var form = try QuestionForm(visit.request.form)
    guard let text = form.question else { return try question(visit, form: form, answer: nil) }
    do {
      return try visit.post { tx in
        let lead = try Question.change(id, in: tx) {
          try $0.edit(text, seen: form.revision, in: tx)
        }
        return Links.discovery(lead, .questionSaved)
      }
    } catch let refusal as Question.Refusal {
      guard form.explain(refusal) else { throw refusal }
      return try question(visit, form: form, answer: nil)
    } catch let error as PostgresError {
      guard let refusal = Question.Refusal(error), form.explain(refusal) else { throw error }
      return try question(visit, form: form, answer: nil)
    }
  }

  private static func answer(_ visit: Visit) throws -> Response {
    let id = try visit.id(Question.self)
    var form = try AnswerForm(visit.request.form)
    guard let body = form.body.value, let channel = form.channel.value else {
      return try question(visit, form: nil, answer: form)
    }
    do {
      return try visit.post { tx in
        let lead = try Question.change(id, in: tx) { question in
          try question.answer(body.trimmed, through: channel, restoring: form.restores, in: tx)
        }
        return Links.discovery(lead, .answerRecorded)
      }
    } catch Question.Refusal.isDismissed {
      form.explainDismissal()
      return try question(visit, form: nil, answer: form)
    }
  }

  private static func move(_ visit: Visit) throws -> Response {
    let id = try visit.id(Question.self)
    let direction = try visit.request.form.value("direction")
    guard ["up", "down"].contains(direction) else {
      throw ClientError.badRequest("no direction")
    }
    return try visit.post { tx in
      Links.discovery(try Question.move(id, isUp: direction == "up", in: tx))
    }
  }

  private static func unpin(_ visit: Visit) throws -> Response {
    let id = try visit.id(Lead.self)
    return try visit.post { tx in
      try Question.unpinAll(of: id, in: tx)
      return Links.discovery(id)
    }
  }

  /// What a button does to a question.
  enum Deed: String, CaseIterable {
    case asking, dismissal, restoration

    var notice: Notice {
      switch self {
      case .asking: .questionAsked
      case .dismissal: .questionDismissed
      case .restoration: .questionRestored
      }
    }
  }

  private static func carryOut(_ deed: Deed, _ visit: Visit) throws -> Response {
    let id = try visit.id(Question.self)
    return try visit.post { tx in
      let lead = try Question.change(id, in: tx) { question in
        switch deed {
        case .asking: try question.markAsked(in: tx)
        case .dismissal: try question.dismiss(in: tx)
        case .restoration: try question.restore(in: tx)
        }
      }
      return Links.discovery(lead, deed.notice)
    }
  }
}
