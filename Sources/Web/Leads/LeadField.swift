import CRM
import Templating

/// A field of a lead by the name it has in the audit log, in the interface's words.
struct LeadField {
  let name: String

  init(_ name: String) { self.name = name }

  var words: L {
    switch name {
    case "title": L("Title")
    case "description": L("Description")
    case "company": L("Company")
    case "source": L("Source")
    case "owner", "owner_id": L("Owner")
    case "estimated_value": L("Value")
    case "first_name": L("First name")
    case "last_name": L("Last name")
    case "email": L("E-mail")
    case "phone": L("Phone")
    case "contacts": L("People")
    case "primary_contact": L("Primary person")
    case "stage": L("Stage")
    case "outcome": L("Outcome")
    case "contact_status": L("Contact status")
    case "paused": L("Taken over by hand")
    case "suppressed": L("All e-mail stopped")
    case "life": L("In the lists")
    case "is_test": L("Test")
    case "tags": L("Tags")
    case "language": L("Language")
    case "external_id": L("External id")
    case "expected_close_date": L("Expected close")
    case "archived_at": L("Archived")
    case "deleted_at": L("Deleted")
    case "merged_into": L("Merged into")
    case "is_primary": L("Primary person")
    case "role": L("Role")
    case "next_followup_at": L("Follow up on")
    case "awaiting_reply": L("Waits for an answer")
    case "do_not_contact": L("Do not contact")
    case "relationships": L("Relationships")
    default: L(verbatim: name)
    }
  }

  /// A value as the log holds it, as people say it.
  func value(_ stored: String, currency: Currency) -> L {
    let known: L? =
      switch name {
      case "stage": Lead.Stage(rawValue: stored)?.words
      case "outcome": Lead.Outcome(rawValue: stored)?.words
      case "contact_status": Lead.ContactStatus(rawValue: stored)?.words
      case "life": Lead.Life(rawValue: stored)?.words
      case "archived_at", "deleted_at", "merged_into": L("Yes")
      case "is_primary": stored == "true" ? L("Yes") : L("No")
      case "paused", "suppressed", "is_test", "awaiting_reply": stored == "yes" ? L("Yes") : L("No")
      case "estimated_value":
        Int(stored).map {
          L(verbatim: "\(Money(minorUnits: $0).digits(in: currency)) \(currency.code)")
        }
      default: nil
      }
    return known ?? L(verbatim: stored)
  }
}
