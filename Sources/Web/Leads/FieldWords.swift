import CRM
import Templating

/// A field of a record and its values, as histories and undo pages name them.
enum FieldWords {
  static func name(_ field: String) -> L {
    switch field {
    case "title": L("Title")
    case "description": L("Description")
    case "company": L("Company")
    case "source": L("Source")
    case "owner", "owner_id": L("Owner")
    case "stage": L("Stage")
    case "estimated_value": L("Estimated value")
    case "tags": L("Tags")
    case "language": L("Language")
    case "external_id": L("External id")
    case "expected_close_date": L("Expected close")
    case "next_followup_at": L("Follow up on")
    case "archived_at": L("Archived")
    case "deleted_at": L("Deleted")
    case "merged_into": L("Merged into")
    case "first_name": L("First name")
    case "last_name": L("Last name")
    case "email": L("E-mail")
    case "phone": L("Phone")
    case "is_primary": L("Primary contact")
    case "outcome": L("Outcome")
    case "contact_status": L("Contact status")
    default: L(verbatim: field)
    }
  }

  /// A stored value; `–` for none. Times of archive and deletion are said as yes or no.
  static func value(_ value: String?, of field: String, currency: String) -> L {
    guard let value, !value.isEmpty else { return L("–") }
    switch field {
    case "stage": return Lead.Stage(rawValue: value)?.words ?? L(verbatim: value)
    case "outcome": return Lead.Outcome(rawValue: value)?.words ?? L(verbatim: value)
    case "contact_status": return Lead.ContactStatus(rawValue: value)?.words ?? L(verbatim: value)
    case "archived_at", "deleted_at", "merged_into": return L("yes")
    case "is_primary": return value == "true" ? L("yes") : L("no")
    case "estimated_value":
      return Int(value).map { L(verbatim: MoneyText.typed(Money(minorUnits: $0)) + " " + currency) }
        ?? L(verbatim: value)
    default: return L(verbatim: value)
    }
  }
}
