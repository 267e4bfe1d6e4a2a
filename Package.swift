// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let arguments: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")

/// A target of ours; dependencies point one way, see docs/architecture.md.
func layer(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
  name: "closerflow",
  products: [.executable(name: "closerflow", targets: ["closerflow"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
  ],
  targets: [
    .systemLibrary(name: "CFastCGI", pkgConfig: "fcgi", providers: [.apt(["libfcgi-dev"])]),
    .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CCmark", pkgConfig: "libcmark", providers: [.apt(["libcmark-dev"])]),
    .systemLibrary(
      name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
    // These come without a pkg-config file, or without one that says more than their name.
    .target(
      name: "CShims", dependencies: ["CCurl"],
      linkerSettings: [
        .linkedLibrary("phonenumber"), .linkedLibrary("idn2"), .linkedLibrary("unistring"),
      ]),

    layer("Text", ["CShims"]),
    layer("CSV"),
    layer("Spool"),
    layer("HTTP", ["Spool", "Text", httpTypes]),
    layer("FastCGI", ["HTTP", "Spool", "CFastCGI", "CShims", httpTypes, logging]),
    layer("Postgres", ["CLibPQ"]),
    layer("Markdown", ["Text", "CCmark"]),
    layer("Templating"),
    layer("Mail", ["CCurl", "CShims"]),
    layer("Secrets", ["CSodium"]),
    layer("CRM", ["Text", "CSV", "CShims", "Postgres", "Markdown", "Mail", "Secrets", "Spool"]),
    layer(
      "Web",
      [
        "Text", "CRM", "CSV", "HTTP", "Templating", "Postgres", "Secrets", "Spool", httpTypes,
        logging,
      ]),
    .executableTarget(
      name: "closerflow",
      dependencies: [
        "Web", "CRM", "FastCGI", "HTTP", "Mail", "Postgres", "Secrets", "Spool", "Templating",
        arguments, logging,
      ],
      swiftSettings: strict),

    .target(
      name: "TestSupport",
      dependencies: [
        "Web", "CRM", "HTTP", "Postgres", "Secrets", "Spool", "Templating", httpTypes, logging,
      ],
      path: "Tests/TestSupport", swiftSettings: strict),
    tests("TextTests", ["Text"]),
    tests("CSVTests", ["CSV"]),
    tests("SpoolTests", ["Spool"]),
    tests("HTTPTests", ["HTTP", "Spool", httpTypes]),
    tests("FastCGITests", ["FastCGI", "HTTP", "Spool", httpTypes]),
    .testTarget(
      name: "PostgresTests", dependencies: ["Postgres"], exclude: ["NormalForm"],
      swiftSettings: strict),
    tests("MarkdownTests", ["Markdown", "Text", "CCmark"]),
    tests("TemplatingTests", ["Templating"]),
    tests("MailTests", ["Mail", "TestSupport"]),
    tests("SecretsTests", ["Secrets"]),
    tests("CRMTests", ["CRM", "TestSupport", "Mail", "Postgres", "Secrets", "Spool", "Text"]),
    tests("SchemaTests", ["CRM", "Postgres", "Secrets", "TestSupport"]),
    tests("TidyTests", ["Templating", "Web"]),
    tests(
      "WebTests",
      [
        "Web", "CRM", "TestSupport", "HTTP", "Postgres", "Secrets", "Spool", "Templating",
        httpTypes,
      ]),
  ],
  cxxLanguageStandard: .cxx17
)
