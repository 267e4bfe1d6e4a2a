import ArgumentParser
import CRM
import Postgres
import Secrets

/// `closerflow user`: the people who sign in.
struct UserCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "user", abstract: "Make users, set their roles and passwords.",
    discussion: """
      Reads DATABASE_URL; signs in as closerflow_migrate unless the URL names somebody. A password \
      is asked for at a terminal, else read from standard input or --password-file; it never \
      stands on the command line, where other users see it.
      """,
    subcommands: [Create.self, SetRoles.self, Disable.self, ResetPassword.self])

  /// Which person, in which tenant.
  struct Person: ParsableArguments {
    @Argument(help: "The e-mail address that the person signs in with.")
    var email: EmailAddress

    @Option(help: "The tenant's short name.")
    var tenant: String

    func unknown() -> Failure {
      Failure(.refused, "nobody in \(tenant) signs in as \(email)")
    }
  }

  /// Acts on somebody who is there, or refuses.
  fileprivate static func act(
    on person: Person, _ body: (Transaction<Operator>) throws -> Void
  ) throws {
    let desk = try OperatorDesk()
    try desk.write(for: desk.tenant(person.tenant)) { tx in
      let (_, standing) = try tx.look(MemberStanding.of(person.email))
      guard standing.isMember else { throw person.unknown() }
      try body(tx)
    }
  }
}

extension Role: ExpressibleByArgument {}

extension UserCommand {
  struct Create: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Let a person into a tenant.",
      discussion: """
        Somebody who signs in already, in another tenant, keeps their password and is not asked for \
        one. Somebody who was disabled is let in again.
        """)

    @OptionGroup var person: Person

    @Option(help: "The person's name, as colleagues see it.")
    var name: String

    @Option(name: .customLong("role"), help: "What the person may do; several times for several.")
    var roles: [Role]

    @OptionGroup var source: PasswordSource

    func run() throws {
      let desk = try OperatorDesk()
      let tenant = try desk.tenant(person.tenant)
      let standing = try desk.look(MemberStanding.of(person.email), for: tenant)
      guard !standing.isMember || standing.isDisabled else {
        throw Failure(
          .refused,
          "\(person.email) is in \(person.tenant) already; `closerflow user role` sets the roles")
      }
      // For somebody known the hash is not stored; any will do.
      let hash =
        standing.isPerson
        ? PasswordHash.ofNobody
        : try source.read(for: person.email, context: [name, person.tenant])
      do {
        try desk.write(for: tenant) { tx in
          tx.createUser(person.email, name: name, password: hash, roles: Set(roles))
        }
      } catch let error as PostgresError {
        guard ["users_name_check", "memberships_display_name_check"].contains(error.constraint)
        else { throw error }
        throw Failure(.refused, "a name has 1 to 120 characters")
      }
      let known = standing.isPerson ? " with the password they have" : ""
      print("\(person.email) is in \(person.tenant) as \(words(for: roles))\(known)")
    }
  }

  struct SetRoles: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "role", abstract: "Set what a member may do.",
      discussion: "Replaces the roles that the member has, and ends their sessions.")

    @OptionGroup var person: Person

    @Option(name: .customLong("role"), help: "Several times for several.")
    var roles: [Role]

    func run() throws {
      try act(on: person) { tx in tx.setRoles(Set(roles), of: person.email) }
      print("\(person.email) is in \(person.tenant) as \(words(for: roles))")
    }
  }

  struct Disable: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "End a membership and every session of the person; histories keep the name.")

    @OptionGroup var person: Person

    func run() throws {
      try act(on: person) { tx in tx.disable(person.email) }
      print("\(person.email) is shut out of \(person.tenant)")
    }
  }

  struct ResetPassword: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "reset-password",
      abstract: "Give a person a new password, and end their sessions.")

    @OptionGroup var person: Person
    @OptionGroup var source: PasswordSource

    func run() throws {
      // Looked first: nobody types a password for somebody who is not there.
      try act(on: person) { _ in }
      let hash = try source.read(for: person.email, context: [person.tenant])
      try act(on: person) { tx in tx.resetPassword(of: person.email, to: hash) }
      print("\(person.email) has a new password")
    }
  }

  fileprivate static func words(for roles: [Role]) -> String {
    Role.allCases.filter(roles.contains).map(\.rawValue).joined(separator: ", ")
  }
}
