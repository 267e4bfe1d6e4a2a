import CRM
import HTTP
import Templating

/// What was typed about a question, of a lead or of the bank: what it means, what is wrong with it.
struct QuestionForm: Templated {
  var text = Field<String, L>()
  var rationale = Field<String?, L>()
  var category = Field<Question.Category, L>()
  var fact = Field<ID<Fact>?, L>()
  var facts: [Fact] = []
  /// The wording it was filled with.
  var revision = 0
  private(set) var isOvertaken = false

  init() { category.typed = Question.Category.need.rawValue }

  init(_ posted: PostedForm) throws {
    revision = try posted.value("revision").flatMap { Int(strictDecimal: $0) } ?? 0
    text = try posted.text("text", max: 500, orElse: L("Write the question."))
    if let typed = text.value, typed.unicodeScalars.count < 3 {
      text.value = nil
      text.error = L("Write the question.")
    }
    rationale = try posted.optionalText("rationale", max: 500)
    category = try posted.choice("category", orElse: L("Choose a category."))
    fact = try posted.optionalField(
      "fact", orElse: L("Choose a fact from the list."), read: { ID($0) })
  }

  init(text: String, rationale: String, category: Question.Category, fact: ID<Fact>?) {
    self.text.typed = text
    self.rationale.typed = rationale
    self.category = Field(typed: category.rawValue, value: category)
    self.fact.typed = fact?.description ?? ""
  }

  var question: QuestionText? {
    guard let text = text.value, let rationale = rationale.value, let category = category.value,
      let fact = fact.value
    else { return nil }
    return QuestionText(text: text, rationale: rationale ?? "", category: category, fact: fact)
  }

  var bankQuestion: BankQuestionDetails? {
    question.map {
      BankQuestionDetails(
        text: $0.text, rationale: $0.rationale, category: $0.category, fact: $0.fact)
    }
  }

  /// Puts the sentence of a refusal beside the field it is about; false for one that is about none.
  mutating func explain(_ refusal: Question.Refusal) -> Bool {
    switch refusal {
    case .alreadyThere: text.error = L("This lead has the same question already.")
    case .factUnknown: fact.error = L("Choose a fact from the list.")
    case .isAnswered:
      text.error = L("It was answered meanwhile. What you wrote can be added as another question.")
    case .isDismissed:
      text.error = L("It was dismissed meanwhile. What you wrote can be added as another question.")
    case .changedMeanwhile: break
    case .isOpen: return false
    }
    isOvertaken = [.isAnswered, .isDismissed, .changedMeanwhile].contains(refusal)
    return true
  }

  mutating func explain(_ refusal: BankQuestion.Refusal) {
    switch refusal {
    case .alreadyThere: text.error = L("The bank holds this question already.")
    case .factUnknown: fact.error = L("Choose a fact from the list.")
    }
  }

  /// Field by field, for a page that shows what somebody saved meanwhile.
  func differences(from saved: QuestionForm, factName: String?) -> [Conflict.Field] {
    [
      Conflict.Field(L("Question"), typed: text.typed, saved: saved.text.typed),
      Conflict.Field(L("Why it matters"), typed: rationale.typed, saved: saved.rationale.typed),
      Conflict.Field(
        L("Category"), typed: category.typed, saved: saved.category.typed,
        words: saved.category.value?.words),
      Conflict.Field(
        L("Fact that its answer makes known"), typed: fact.typed, saved: saved.fact.typed,
        words: factName.map { L(verbatim: $0) } ?? L("None of them")),
    ]
  }

  var errors: FormErrors {
    FormErrors([
      ("text", text.error), ("rationale", rationale.error), ("category", category.error),
      ("fact", fact.error),
    ])
  }

  private var factOptions: [Choice] {
    [Choice(value: "", name: L("None of them"), isSelected: fact.typed.isEmpty)]
      + facts.map {
        let id = $0.id.description
        return Choice(value: id, name: L(verbatim: $0.name), isSelected: id == fact.typed)
      }
  }

  static let keys = Keys<QuestionForm>()
    .text("revision") { String($0.revision) }
    .text("text", \.text.typed).text("text_error", \.text.error)
    .text("rationale", \.rationale.typed).text("rationale_error", \.rationale.error)
    .text("category_error", \.category.error).text("fact_error", \.fact.error)
    .list("category_options") { form in
      Choice.all(chosen: form.category.typed) { (category: Question.Category) in category.words }
    }
    .list("fact_options") { $0.factOptions }
    .flag("has_errors") { !$0.errors.problems.isEmpty }.list("errors") { $0.errors.problems }
}

/// What a lead said, as it is typed in.
struct AnswerForm: Templated {
  var body = Field<String, L>()
  /// Also where the question was dismissed.
  private(set) var restores = false
  private(set) var isOvertaken = false
  var channel = Field<DiscoveryAnswer.Channel, L>()

  init() { channel.typed = DiscoveryAnswer.Channel.call.rawValue }

  init(_ posted: PostedForm) throws {
    body = try posted.multiline("body", max: 5_000, orElse: L("Write what the lead said."))
    channel = try posted.choice("channel", orElse: L("Choose how it was said."))
    restores = try posted.value("restore") != nil
  }

  mutating func explainDismissal() {
    body.error = L("It was dismissed meanwhile. Record the answer all the same, and it comes back.")
    restores = true
    isOvertaken = true
  }

  var errors: FormErrors { FormErrors([("body", body.error), ("channel", channel.error)]) }

  static let keys = Keys<AnswerForm>()
    .text("body", \.body.typed).text("body_error", \.body.error)
    .text("channel_error", \.channel.error).flag("restores", \.restores)
    .list("channel_options") { form in
      Choice.all(chosen: form.channel.typed) { (channel: DiscoveryAnswer.Channel) in channel.words }
    }
}
