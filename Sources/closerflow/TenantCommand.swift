import ArgumentParser
import CRM
import Postgres

/// `closerflow tenant`: the organisations that work here.
struct TenantCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tenant", abstract: "Make and list tenants.",
    discussion: "Reads DATABASE_URL; signs in as closerflow_migrate unless the URL names somebody.",
    subcommands: [Create.self, List.self])
}

extension TenantCommand {
  enum Locale: String, CaseIterable, ExpressibleByArgument {
    case en, fr
  }

  struct Create: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Make a tenant.")

    @Argument(help: "A short name of a-z, 0-9 and dashes, such as acme.")
    var slug: String

    @Option(help: "The organisation's name.")
    var name: String

    @Option(name: .customLong("contact-name"), help: "In whose name mail is sent.")
    var contactName: String

    @Option(name: .customLong("contact-email"), help: "From which address mail is sent.")
    var contactEmail: EmailAddress

    @Option(help: "Such as Europe/Paris.")
    var timezone = "UTC"

    @Option(help: "The interface's language.")
    var locale = Locale.en

    @Option(help: "ISO 4217, such as EUR.")
    var currency = "EUR"

    @Option(
      name: .customLong("phone-region"),
      help:
        "Where numbers without a country code are dialled, such as FR (default: by the time zone).")
    var phoneRegion: PhoneRegion?

    func run() throws {
      let desk = try OperatorDesk()
      guard let currency = Currency(currency) else {
        throw Failure(.refused, "a currency is three capitals, such as EUR")
      }
      let new = NewTenant(
        slug: slug, name: name, contactName: contactName, contactEmail: contactEmail,
        timezone: timezone, locale: locale.rawValue, currency: currency, phoneRegion: phoneRegion)
      do {
        try desk.write(for: new.id) { tx in Tenant.create(new, in: tx) }
      } catch let error as PostgresError {
        throw refusal(error) ?? error
      }
      print("made the tenant \(slug) (\(new.id))")
    }

    /// The sentence behind the constraint that said no.
    private func refusal(_ error: PostgresError) -> Failure? {
      switch error.constraint {
      case "tenants_slug_key": Failure(.refused, "there is a tenant \(slug) already")
      case "tenants_slug_check":
        Failure(.refused, "a tenant's short name is 1 to 63 of a-z, 0-9 and dashes, none at an end")
      case "tenants_name_check", "tenants_contact_name_check":
        Failure(.refused, "a name has 1 to 120 characters")
      case nil where error.sqlState == "22023":
        Failure(.refused, "\(timezone) is no time zone; one is Europe/Paris")
      default: nil
      }
    }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the tenants.")

    func run() throws {
      let tenants = try OperatorDesk().look(Tenant.all)
      for tenant in tenants {
        print(
          "\(tenant.slug)  \(tenant.name)  \(tenant.memberCount) member"
            + "\(tenant.memberCount == 1 ? "" : "s"), since \(tenant.createdAt.day)")
      }
      if tenants.isEmpty { print("no tenant yet; `closerflow tenant create` makes one") }
    }
  }
}

extension PhoneRegion: ExpressibleByArgument {
  package init?(argument: String) { self.init(argument) }
}

extension EmailAddress: ExpressibleByArgument {
  package init?(argument: String) { self.init(argument) }
}

extension Timestamp {
  /// `2026-11-21`.
  var day: String {
    let wall = wall
    return "\(wall.year)-\(twoDigits(wall.month))-\(twoDigits(wall.day))"
  }

  /// `2026-11-21 05:13`, in UTC for an operator.
  var minute: String {
    let wall = wall
    return "\(day) \(twoDigits(wall.hour)):\(twoDigits(wall.minute))"
  }
}

private func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
