import CRM
import Testing

@Suite struct `What columns mean` {
  @Test func `is guessed from English and French headers`() {
    #expect(
      guess("First Name", "Last name", "E-mail Address", "Phone Number", "Company", "Deal value")
        == [.firstName, .lastName, .email, .phone, .company, .estimatedValue])
    #expect(
      guess("Prénom", "NOM", "Courriel", "Tél.", "Raison sociale", "Montant estimé", "Étiquettes")
        == [.firstName, .lastName, .email, .phone, .company, .estimatedValue, .tags])
  }

  @Test func `is guessed from what stands in them where the header says nothing`() {
    let mapping = ImportMapping.guess(
      header: ["x", "y", "z"],
      sample: [
        ["ada@example.com", "06 12 34 56 78", "1"], ["bob@example.com", "+33 6 99 99 99 99", "2"],
      ])

    #expect(mapping.fields == [.email, .phone, nil])
  }

  @Test func `is given to one column only`() {
    #expect(guess("email", "mail", "e-mail") == [.email, nil, nil])
  }

  private func guess(_ header: String...) -> [ImportField?] {
    ImportMapping.guess(header: header, sample: []).fields
  }
}
