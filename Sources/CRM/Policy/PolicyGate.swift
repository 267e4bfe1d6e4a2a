import Postgres
import Secrets

/// May this be sent to this lead now? Ordered, named rules; the first no decides, every rule that
/// was asked is kept in the trace.
package struct PolicyGate: Sendable {
  package enum Rule: String, CaseIterable, Sendable, SQLReadable {
    case leadNotDeleted = "lead_not_deleted"
    case leadNotSuppressed = "lead_not_suppressed"
    case recipientsNotListed = "recipients_not_on_dnc_list"
    case contentApproved = "content_approved"
  }

  /// What the rules look at.
  package struct Facts: Sendable {
    package let isLeadDeleted: Bool
    package let suppressedReason: String?
    /// Which recipients are on the do-not-contact list; nil for none.
    package let listedRecipients: String?
    /// SHA-256 of the bytes that would be sent.
    package let contentHash: [UInt8]
    /// The hash in the approval; nil in a preview, where nothing is approved yet.
    package let approvedHash: [UInt8]?
    package let isApproved: Bool

    package init(
      isLeadDeleted: Bool = false, suppressedReason: String?, listedRecipients: String? = nil,
      contentHash: [UInt8], approvedHash: [UInt8]?, isApproved: Bool
    ) {
      self.isLeadDeleted = isLeadDeleted
      self.suppressedReason = suppressedReason
      self.listedRecipients = listedRecipients
      self.contentHash = contentHash
      self.approvedHash = approvedHash
      self.isApproved = isApproved
    }
  }

  package struct Verdict: Sendable {
    /// The rules in the order they were asked.
    package let trace: [(rule: Rule, isAllowed: Bool)]

    package var isAllowed: Bool { trace.allSatisfy(\.isAllowed) }

    /// `ok`, or the name of the rule that said no.
    package var reasonCode: String { trace.first { !$0.isAllowed }?.rule.rawValue ?? "ok" }
  }

  /// Asked by the worker before a send; the answer binds.
  package static func decide(_ facts: Facts) -> Verdict {
    verdict(Rule.allCases, facts)
  }

  /// What the rules that do not depend on an approval would say now; shown to the reviewer.
  package static func preview(_ facts: Facts) -> Verdict {
    verdict([.leadNotDeleted, .leadNotSuppressed, .recipientsNotListed], facts)
  }

  private static func verdict(_ rules: [Rule], _ facts: Facts) -> Verdict {
    var trace: [(rule: Rule, isAllowed: Bool)] = []
    for rule in rules {
      let isAllowed = rule.allows(facts)
      trace.append((rule, isAllowed))
      if !isAllowed { break }
    }
    return Verdict(trace: trace)
  }
}

extension PolicyGate.Rule {
  fileprivate func allows(_ facts: PolicyGate.Facts) -> Bool {
    switch self {
    case .leadNotDeleted: !facts.isLeadDeleted
    case .leadNotSuppressed: facts.suppressedReason == nil
    case .recipientsNotListed: facts.listedRecipients == nil
    case .contentApproved: facts.isApproved && facts.approvedHash == facts.contentHash
    }
  }
}

/// A verdict as it was stored when a delivery was due.
package struct PolicyDecision: Sendable {
  package let allowsSend: Bool
  package let reasonCode: String
  package let trace: [(rule: PolicyGate.Rule, isAllowed: Bool)]
  package let at: Timestamp

  package static func latest(of delivery: ID<Delivery>) -> Query<PolicyDecision?> {
    Query(
      "PolicyDecision.latest",
      """
      select p.allow_send, p.reason_code, p.created_at,
             array(select (r ->> 'rule') || '=' || (r ->> 'allowed') from jsonb_array_elements(p.rule_trace) r)
      from policy_decisions p where p.delivery_id = \(delivery) order by p.id desc limit 1
      """,
      one: { row in
        let (allowsSend, reasonCode, at): (Bool, String, Timestamp) =
          (try row.next(), try row.next(), try row.next())
        let entries: CodeArray = try row.next()
        return PolicyDecision(
          allowsSend: allowsSend, reasonCode: reasonCode,
          trace: entries.elements.compactMap { entry in
            let parts = entry.split(separator: "=").map(String.init)
            guard parts.count == 2, let rule = PolicyGate.Rule(rawValue: parts[0]) else {
              return nil
            }
            return (rule, parts[1] == "true")
          }, at: at)
      })
  }
}

extension PolicyGate.Verdict {
  func store(for delivery: Delivery.Identity, in tx: Transaction<some Entry>) {
    let trace = JSON.array(
      trace.map { .object(["rule": .string($0.rule.rawValue), "allowed": .bool($0.isAllowed)]) })
    tx.run(
      "PolicyDecision.add",
      """
      insert into policy_decisions (tenant_id, id, lead_id, delivery_id, allow_send, reason_code, rule_trace)
      values (app.tenant(), \(ID<PolicyDecision>()), \(delivery.lead), \(delivery.id), \(isAllowed),
              \(reasonCode), \(trace))
      """)
  }
}
