import CRM
import Testing

@Suite struct `The policy gate` {
  private func facts(
    suppressed: String? = nil, listed: String? = nil, hash: [UInt8] = [1], approved: [UInt8]? = [1],
    isApproved: Bool = true
  ) -> PolicyGate.Facts {
    PolicyGate.Facts(
      suppressedReason: suppressed, listedRecipients: listed, contentHash: hash,
      approvedHash: approved,
      isApproved: isApproved)
  }

  @Test func `lets approved content go to a lead that may be written to`() {
    let verdict = PolicyGate.decide(facts())

    #expect(verdict.isAllowed)
    #expect(verdict.reasonCode == "ok")
    #expect(verdict.trace.map(\.rule) == PolicyGate.Rule.allCases)
  }

  @Test func `names the first rule that says no and asks no further`() {
    let verdict = PolicyGate.decide(facts(suppressed: "asked", hash: [2]))

    #expect(!verdict.isAllowed)
    #expect(verdict.reasonCode == "lead_not_suppressed")
    #expect(verdict.trace.map(\.rule) == [.leadNotDeleted, .leadNotSuppressed])
  }

  @Test
  func `holds back what is for somebody on the do-not-contact list, before and after approval`() {
    let listed = facts(listed: "a@b.example")

    #expect(PolicyGate.decide(listed).reasonCode == "recipients_not_on_dnc_list")
    #expect(PolicyGate.preview(listed).reasonCode == "recipients_not_on_dnc_list")
  }

  @Test func `holds back bytes that are not the approved ones`() {
    #expect(PolicyGate.decide(facts(hash: [2])).reasonCode == "content_approved")
    #expect(PolicyGate.decide(facts(approved: nil)).reasonCode == "content_approved")
    #expect(PolicyGate.decide(facts(isApproved: false)).reasonCode == "content_approved")
  }
}
