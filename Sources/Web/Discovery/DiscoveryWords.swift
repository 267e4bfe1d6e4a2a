import CRM
import Templating

extension Question.Category {
  var words: L {
    switch self {
    case .need: L("Need")
    case .budget: L("Budget")
    case .timing: L("Timing")
    case .decision: L("Decision")
    case .constraints: L("Constraints")
    case .competition: L("Competition")
    case .other: L("Other")
    }
  }
}

extension Question.Status {
  var words: L {
    switch self {
    case .proposed: L("Proposed")
    case .asked: L("Asked, answer awaited")
    case .answered: L("Answered")
    case .dismissed: L("Dismissed")
    }
  }

  var tone: Tone {
    switch self {
    case .proposed, .dismissed: .plain
    case .asked: .look
    case .answered: .fine
    }
  }
}

extension DiscoveryAnswer.Channel {
  var words: L {
    switch self {
    case .call: L("Call")
    case .meeting: L("Meeting")
    case .email: L("E-mail")
    case .sms: L("Text message")
    case .form: L("Web form")
    case .research: L("Own research")
    }
  }
}

extension AIAction.Kind {
  var words: L {
    switch self {
    case .questions: L("Questions")
    case .embedding: L("Comparison")
    }
  }
}

extension AIAction.Status {
  var words: L {
    switch self {
    case .answered: L("Answered")
    case .overBudget: L("Over the budget")
    case .circuitOpen: L("Left alone")
    case .unreachable: L("Unreachable")
    case .timedOut: L("No answer in time")
    case .rateLimited: L("Too many requests")
    case .serverError: L("Server error")
    case .refused: L("Refused")
    case .tooLarge: L("Too large")
    case .cutShort: L("Cut short")
    case .brokenJSON: L("Unreadable")
    case .otherSchema: L("Not what was asked")
    }
  }

  /// What it means for who asked, and what to do.
  var explained: L {
    switch self {
    case .answered: L("Done.")
    case .overBudget:
      L(
        "This month’s tokens are spent. An admin can raise the budget; questions can still be added by hand."
      )
    case .circuitOpen:
      L("The model server failed several times and is left alone for a minute. Ask again then.")
    case .unreachable:
      L("The model server could not be reached. Ask again later; an admin sees the attempts.")
    case .timedOut: L("The model server did not answer in time. Ask again later.")
    case .rateLimited:
      L("The model server takes no more requests for now. Ask again in a few minutes.")
    case .serverError: L("The model server reported an error of its own. Ask again later.")
    case .refused: L("The model server refused the request. An admin has to look at its settings.")
    case .tooLarge: L("The model server’s answer was too large to be true. Ask again.")
    case .cutShort: L("The answer broke off in the middle. Ask again.")
    case .brokenJSON: L("The model’s answer could not be read. Ask again.")
    case .otherSchema:
      L("The model answered something else than was asked. Nothing of it was kept. Ask again.")
    }
  }

  var tone: Tone {
    switch self {
    case .answered: .fine
    case .overBudget, .circuitOpen, .rateLimited: .look
    default: .stop
    }
  }
}

extension Question {
  /// Who or what it came from.
  var originWords: L {
    switch origin {
    case .ai: L("Proposed by \(model ?? "AI"), asked for by \(authorName)")
    case .playbook: L("Proposed by the playbook, asked for by \(authorName)")
    case .human: L("Written by \(authorName)")
    }
  }

  /// Why it stands where it stands: first what it would make known, then how near it is.
  var needWords: L {
    if isPinned { return L("Somebody put it in this place.") }
    if let factName, standing.isFactMissing {
      return L(
        "“\(factName)” is not known yet; it weighs \(standing.need) of 100.")
    }
    if let factName { return L("“\(factName)” is known already, so it can wait.") }
    return L("It asks for none of the needed facts (\(standing.need) of 100).")
  }

  var nearnessWords: L {
    standing.relevance.map { L("Near to what this lead said: \($0) of 100.") }
      ?? L("How near it is to what this lead said is not measured yet.")
  }

  /// The source of a citation, in words.
  static func sourceWords(_ name: String) -> L {
    let number = name.split(separator: "-").last.map(String.init) ?? ""
    return switch name.split(separator: "-").first {
    case "title": L("Title")
    case "description": L("Description")
    case "message": L("Message \(number)")
    case "answer": L("Answer \(number)")
    default: L(verbatim: name)
    }
  }
}
