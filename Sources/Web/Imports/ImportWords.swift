import CRM
import Templating

extension ImportField {
  var words: L {
    switch self {
    case .title: L("Title")
    case .company: L("Company")
    case .firstName: L("First name")
    case .lastName: L("Last name")
    case .name: L("First and last name")
    case .email: L("E-mail")
    case .phone: L("Phone")
    case .description: L("Description")
    case .source: L("Source")
    case .owner: L("Owner")
    case .tags: L("Tags")
    case .estimatedValue: L("Estimated value")
    case .message: L("What they wrote")
    case .language: L("Language")
    case .externalID: L("External id")
    case .id: L("Id of a lead here")
    }
  }
}

extension LeadImport.Mode {
  var words: L {
    switch self {
    case .create: L("Add new leads, leave known ones alone")
    case .add: L("Add new leads, also for people who are known")
    case .update: L("Add new leads, update known ones with what the file says")
    case .fillBlanks: L("Add new leads, fill only what is blank in known ones")
    }
  }
}

extension LeadImport.State {
  var words: L {
    switch self {
    case .mapping: L("Columns to be named")
    case .checking: L("Dry run under way")
    case .checked: L("Waiting for your word")
    case .committing: L("Being imported")
    case .done: L("Imported")
    case .undoing: L("Being taken back")
    case .undone: L("Taken back")
    }
  }

  var tone: Tone {
    switch self {
    case .done: .fine
    case .mapping, .checked: .look
    case .checking, .committing, .undoing, .undone: .plain
    }
  }
}

extension ImportFile.Refusal {
  var words: L {
    switch self {
    case .empty: L("There are no rows in this file.")
    case .noCSV: L("This is no CSV file. In a spreadsheet, choose “Save as” and then CSV.")
    case .headerBroken: L("The first line cannot be read. It must name the columns, 150 at most.")
    case .tooManyRows: L("A file may have 200,000 rows. Split it, then upload the parts.")
    }
  }
}

/// Why a row was left out.
enum ImportWords {
  static func reason(_ code: String) -> L {
    let parts = code.split(separator: ":", maxSplits: 1).map(String.init)
    let detail = parts.count > 1 ? parts[1] : ""
    switch parts.first {
    case "ragged": return L("It has another number of fields than the first line: \(detail).")
    case "nul": return L("It holds a NUL byte.")
    case "not_text": return L("Its letters are in another encoding than the rest of the file.")
    case "too_long": return L("It is longer than any lead.")
    case "too_many_fields": return L("It has too many fields.")
    case "stray_quote": return L("Text stands behind a closing quote.")
    case "unclosed_quote": return L("A quote is opened and never closed.")
    case "empty": return L("It says nothing of a lead.")
    case "two_people":
      return L("The address is one contact's and the number another's.")
    case "other_person":
      return L("Its address or number is that of somebody who does not stand at this lead.")
    case "no_person":
      return L("The lead has nobody yet. Add a person on its page, then import again.")
    case "refused": return L("Something in this row cannot be stored.")
    case "same_line": return L("Line \(detail) says the same person or number already.")
    case "changed":
      return L(
        "Somebody edited this lead after the dry run. Look at it, then import this row again.")
    case "captured":
      return L("This lead came in after the dry run. Look at it, then import this row again.")
    case "gone":
      return L(
        "The lead was deleted, or its person merged, after the dry run. Import this row again.")
    case "left": return L("Who is to have it is no member any more.")
    case "known": return L("This lead is known already.")
    case "similar": return L("A lead of this name at this company is known already.")
    case "long":
      return L("Too long: \(LeadField(detail).words).")
    case "odd":
      return L("Line breaks or control characters: \(LeadField(detail).words).")
    case let field?: return L("Cannot be read: \(LeadField(field).words).")
    case nil: return L(verbatim: "")
    }
  }
}
