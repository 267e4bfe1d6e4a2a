import CSV
import Text

/// What a column of a file can mean.
package enum ImportField: String, CaseIterable, Sendable {
  case title, company
  case firstName = "first_name"
  case lastName = "last_name"
  /// First and last name in one cell.
  case name
  case email, phone, description, source, owner, tags
  /// What the person wrote first.
  case message
  case language
  case estimatedValue = "estimated_value"
  case externalID = "external_id"
  /// The lead's own id, in a file that was exported here.
  case id
}

/// A meaning for each column; nil for those that are passed over.
package struct ImportMapping: Sendable, Equatable {
  package let fields: [ImportField?]

  package init(_ fields: [ImportField?]) { self.fields = fields }

  /// Fields that more than one column is said to be.
  package var repeated: [ImportField] {
    ImportField.allCases.filter { field in fields.count { $0 == field } > 1 }
  }

  /// Without any of these nobody could be told from another.
  package var namesSomebody: Bool {
    let naming: [ImportField] = [.title, .company, .lastName, .firstName, .name, .email, .phone]
    return naming.contains { fields.contains($0) }
  }

  var codes: [String] { fields.map { $0?.rawValue ?? "" } }

  init(codes: [String]) { fields = codes.map(ImportField.init) }
}

extension ImportMapping {
  /// Guesses by what the columns are called, in English and French, then by what stands in them.
  package static func guess(header: [String], sample: [[String]]) -> ImportMapping {
    var free = Set(ImportField.allCases)
    var fields: [ImportField?] = header.map { name in
      guard let field = names[fold(name)], free.remove(field) != nil else { return nil }
      return field
    }
    for column in header.indices where fields[column] == nil {
      let cells = sample.compactMap { $0.indices.contains(column) ? $0[column] : nil }
        .filter { !$0.isEmpty }
      guard !cells.isEmpty, let field = kind(of: cells), free.remove(field) != nil else { continue }
      fields[column] = field
    }
    return ImportMapping(fields)
  }

  private static func kind(of cells: [String]) -> ImportField? {
    if cells.allSatisfy({ EmailAddress($0) != nil }) { return .email }
    let areNumbers = cells.allSatisfy { cell in
      let digits = cell.utf8.count { (48...57).contains($0) }
      return digits >= 9
        && (cell.utf8.first == UInt8(ascii: "+") || cell.utf8.first == UInt8(ascii: "0"))
        && PhoneNumber(FormulaGuard.unguarded(cell), in: PhoneRegion("FR")) != nil
    }
    return areNumbers ? .phone : nil
  }

  /// Letters and digits only, case and accents aside.
  private static func fold(_ name: String) -> String {
    let kept = name.folded.unicodeScalars.filter {
      ("a"..."z").contains($0) || ("0"..."9").contains($0)
    }
    return String(String.UnicodeScalarView(kept))
  }

  private static let names: [String: ImportField] = {
    let words: [(ImportField, [String])] = [
      (
        .title,
        [
          "title", "titre", "subject", "sujet", "objet", "opportunity", "opportunite", "deal",
          "lead",
          "leadname", "dealname", "projet", "project", "affaire", "piste",
        ]
      ),
      (
        .company,
        [
          "company", "companyname", "organisation", "organization", "account", "accountname",
          "societe",
          "entreprise", "raisonsociale", "nomdelasociete", "business", "firm", "client",
        ]
      ),
      (
        .message,
        [
          "message", "firstmessage", "whattheywrote", "cequilsontecrit", "enquiry", "inquiry",
          "comment",
          "commentaire", "demande",
        ]
      ),
      (.language, ["language", "lang", "locale", "langue"]),
      (.firstName, ["firstname", "first", "givenname", "forename", "prenom", "prenoms"]),
      (.lastName, ["lastname", "last", "surname", "familyname", "nomdefamille", "nom"]),
      (
        .name,
        [
          "name", "fullname", "contact", "contactname", "nomcomplet", "nomprenom", "prenomnom",
          "nometprenom", "interlocuteur",
        ]
      ),
      (
        .email,
        [
          "email", "emailaddress", "mail", "courriel", "adresseemail", "adressemail",
          "adresseelectronique",
          "emailpro", "contactemail",
        ]
      ),
      (
        .phone,
        [
          "phone", "phonenumber", "telephone", "tel", "mobile", "mobilephone", "cell", "portable",
          "numerodetelephone", "contactphone", "tel1",
        ]
      ),
      (
        .description,
        [
          "description", "notes", "note", "comment", "comments", "commentaire", "commentaires",
          "remarque", "remarques", "details", "message", "besoin",
        ]
      ),
      (.source, ["source", "leadsource", "origin", "origine", "provenance", "channel", "canal"]),
      (
        .owner,
        [
          "owner", "assignedto", "salesrep", "responsable", "proprietaire", "commercial",
          "attribuea",
        ]
      ),
      (.tags, ["tags", "tag", "labels", "etiquettes", "etiquette", "categories", "motscles"]),
      (
        .estimatedValue,
        [
          "estimatedvalue", "value", "amount", "dealvalue", "montant", "valeur", "valeurestimee",
          "budget", "ca", "montantestime",
        ]
      ),
      (
        .externalID,
        [
          "externalid", "reference", "ref", "recordid", "leadid", "identifiant",
          "identifiantexterne",
          "numero", "code",
        ]
      ),
      (.id, ["id"]),
    ]
    return Dictionary(
      words.flatMap { field, names in names.map { ($0, field) } },
      uniquingKeysWith: { first, _ in first })
  }()
}
