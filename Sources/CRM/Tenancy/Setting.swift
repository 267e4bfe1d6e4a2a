import Postgres

/// Something that admins settle on a page and that has no revision: whether somebody saved it since the page was made
/// is told by a mark of what it says.
package protocol Setting: Sendable {
  /// All that it says, in the order of its form.
  var said: [String] { get }
}

extension Setting {
  package var mark: String { Mark.of(said) }
}

/// It does not say any more what the page showed.
package struct SettingChanged: Error {}

extension Transaction {
  /// The setting as it stands, one writer of a tenant's at a time. Throws `SettingChanged` where it is another than
  /// was `seen`.
  package func look<S: Setting>(
    _ setting: Query<S>, seen mark: String?
  ) throws -> (E.Entered, S) {
    let (entered, _, found) = try look(Tenant.lockedForSettings, setting)
    guard found.mark == mark else { throw SettingChanged() }
    return (entered, found)
  }
}

extension Tenant {
  static let lockedForSettings = Query<Bool>(
    "Tenant.lockedForSettings", "select true from tenants for no key update",
    only: { try $0.next() })
}

extension WorkspaceSettings: Setting {
  package var said: [String] { [String(boardIdleDays), phoneRegion?.code ?? ""] }
}

extension AssignmentRule: Setting {
  package var said: [String] {
    [strategy.rawValue] + members.map(\.description).sorted()
      + sources.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
  }
}

extension AIBudget: Setting {
  package var said: [String] { [String(tokensPerMonth)] }
}

extension BankQuestionDetails: Setting {
  package var said: [String] { [text, rationale, category.rawValue, fact?.description ?? ""] }
}

extension FactDetails: Setting {
  package var said: [String] { [name, question, String(weight), "\(forScope)", "\(forEstimate)"] }
}
