import Postgres

/// What a lead said to a question.
package struct DiscoveryAnswer: Sendable {
  package let id: ID<DiscoveryAnswer>
  package let body: String
  package let channel: Channel
  package let actorName: String?
  package let at: Timestamp

  package enum Channel: String, CaseIterable, Sendable, SQLValue, SQLReadable {
    case call, meeting, email, sms, form, research
  }

  /// Every answer a question has had, the newest first.
  package static func all(to question: ID<Question>) -> Query<[DiscoveryAnswer]> {
    Query(
      "DiscoveryAnswer.all",
      """
      select a.id, a.body, a.channel, m.display_name, a.created_at from discovery_answers a
      left join memberships m on m.tenant_id = a.tenant_id and m.user_id = a.actor_id
      where a.question_id = \(question) order by a.id desc limit 100
      """,
      all: { row in
        guard let answer = try DiscoveryAnswer(optional: &row) else {
          throw PostgresError.decoding("DiscoveryAnswer.all: an answer without an id")
        }
        return answer
      })
  }

  /// Five columns, all of them null where there is none.
  init?(optional row: inout Row) throws {
    let id = try row.next(optional: ID<DiscoveryAnswer>.self)
    let body = try row.next(optional: String.self)
    let channel = try row.next(optional: Channel.self)
    actorName = try row.next(optional: String.self)
    let at = try row.next(optional: Timestamp.self)
    guard let id, let body, let channel, let at else { return nil }
    self.id = id
    self.body = body
    self.channel = channel
    self.at = at
  }
}
