/// Questions and answers; the rest of the catalogue stands in Event.swift.
extension Event {
  /// A model, or the playbook, proposed so many new questions.
  static func questionsGenerated(
    _ action: ID<AIAction>, for lead: ID<Lead>, origin: Question.Origin, count: Int
  ) -> Event {
    Event(
      name: "QuestionsGenerated", lead: lead, subject: action.description,
      payload: .object([
        "action": .id(action), "origin": .string(origin.rawValue), "count": .number(count),
      ]),
      activity: .questionsGenerated,
      activityData: .object([
        "subject": .string("\(count)"), "action": .id(action), "origin": .string(origin.rawValue),
      ]))
  }

  static func questionAdded(_ question: ID<Question>, to lead: ID<Lead>, text: String) -> Event {
    Event(
      name: "QuestionsGenerated", lead: lead, subject: question.description,
      payload: .object([
        "question": .id(question), "origin": .string(Question.Origin.human.rawValue),
        "count": .number(1),
      ]),
      activity: .questionAdded,
      activityData: .object(["subject": .string(text), "question": .id(question)]))
  }

  /// `key` tells one dismissal of a question from the next.
  static func questionDismissed(
    _ question: ID<Question>, of lead: ID<Lead>, key: ID<Event>, text: String
  ) -> Event {
    Event(
      name: "QuestionDismissed", lead: lead, subject: "\(question):\(key)",
      payload: .object(["question": .id(question)]), activity: .questionDismissed,
      activityData: .object(["subject": .string(text), "question": .id(question)]))
  }

  static func answerRecorded(
    _ answer: ID<DiscoveryAnswer>, to question: ID<Question>, of lead: ID<Lead>,
    question text: String,
    channel: DiscoveryAnswer.Channel
  ) -> Event {
    Event(
      name: "AnswerRecorded", lead: lead, subject: answer.description,
      payload: .object([
        "answer": .id(answer), "question": .id(question), "channel": .string(channel.rawValue),
      ]),
      activity: .answerRecorded,
      activityData: .object([
        "subject": .string(text), "question": .id(question), "answer": .id(answer),
      ]))
  }
}
