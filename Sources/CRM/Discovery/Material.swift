import Postgres
import Text

/// What is known of a lead, people hidden: what a request to a model is made from.
struct Material {
  let sources: [Source]
  /// Whoever reads an answer puts people back with these.
  let pseudonyms: Pseudonyms
  let questions: [Question]
  /// The model in which the lead's words were placed last.
  let placedIn: String?
  let facts: [Fact]
  let strategy: Strategy?

  /// All of the lead's own words, for its place among the questions; the newest first, and not more
  /// than any model takes.
  var context: String {
    String(
      sources.map(\.text).joined(separator: "\n").unicodeScalars.prefix(Self.contextMax))
  }

  static let contextMax = 6_000
  static let sourceMax = 4_000

  init(_ stock: Stock) {
    var pseudonyms = Pseudonyms(
      people: stock.contacts.map {
        .init(firstName: $0.firstName, lastName: $0.lastName, email: $0.email, phone: $0.phone)
      } + stock.formerly.compactMap(\.person),
      companies: [stock.lead.company].compactMap { $0 } + stock.formerly.compactMap(\.company))
    var sources: [Source] = []
    func add(_ name: String, _ text: String) {
      let short = String(text.unicodeScalars.prefix(Self.sourceMax))
      if !short.isBlank { sources.append(Source(name, pseudonyms.hide(short))) }
    }
    add("title", stock.lead.title)
    add("description", stock.lead.description)
    let answered = stock.questions.filter { $0.status == .answered }
    for (index, question) in answered.prefix(20).enumerated() {
      add("answer-\(index + 1)", question.answer?.body ?? "")
    }
    for (index, message) in stock.messages.enumerated() { add("message-\(index + 1)", message) }
    self.sources = sources
    self.pseudonyms = pseudonyms
    questions = stock.questions
    placedIn = stock.placedIn
    facts = stock.facts
    strategy = stock.strategy
  }

  /// What is read from the database for it.
  struct Stock {
    let lead: Lead
    let contacts: [Contact]
    /// Who and what the lead's log names besides: people who left, names and numbers that were others once.
    let formerly: [Mention]
    let questions: [Question]
    let facts: [Fact]
    let messages: [String]
    let strategy: Strategy?
    let budget: AIBudget
    /// The lead's language, or else the tenant's.
    let locale: String
    let placedIn: String?

    init(_ lead: ID<Lead>, for job: LeasedJob, on database: Database) throws {
      let (
        _, found, contacts, formerly, questions, facts, messages, strategy, budget, locale, placedIn
      ) =
        try database.read(
          as: job, Lead.find(lead), Contact.all(of: lead), Mention.all(of: lead),
          Question.all(of: lead), Fact.all(),
          Self.messages(of: lead), Strategy.active, AIBudget.current, Self.locale,
          Self.placedIn(lead))
      guard let found, found.life != .deleted else { throw NotFound() }
      self.lead = found
      self.contacts = contacts
      self.formerly = formerly
      self.questions = questions
      self.facts = facts
      self.messages = messages
      self.strategy = strategy
      self.budget = budget
      self.locale = found.language?.rawValue ?? locale
      self.placedIn = placedIn
    }

    /// What the lead wrote, the newest first.
    private static func messages(of lead: ID<Lead>) -> Query<[String]> {
      Query(
        "Material.messages",
        """
        select m.content from threads t
        join messages m on m.tenant_id = t.tenant_id and m.thread_id = t.id
        where t.lead_id in \(Lead.family(of: lead)) and m.role = 'lead' order by m.id desc limit 5
        """, all: { try $0.next() })
    }

    private static func placedIn(_ lead: ID<Lead>) -> Query<String?> {
      Query(
        "Material.placedIn", "select model from lead_embeddings where lead_id = \(lead)",
        one: { try $0.next() })
    }

    private static let locale = Query<String>(
      "Material.locale", "select locale from tenants", only: { try $0.next() })
  }
}
