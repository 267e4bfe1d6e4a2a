import CRM
import Templating

/// An amount as the viewer's language writes it: "€18,400", "18 400 €"; cents only where there are
/// some.
struct MoneyText: TemplateText, Sendable {
  let money: Money
  /// ISO 4217.
  let currency: String

  var isEmpty: Bool { false }

  func text(in language: Language) -> String {
    let isFrench = language.code == "fr"
    let (major, minor) = money.minorUnits.quotientAndRemainder(dividingBy: 100)
    var digits = Self.grouped(major, by: isFrench ? "\u{202F}" : ",")
    if minor != 0 { digits += "\(isFrench ? "," : ".")\(minor < 10 ? "0" : "")\(minor)" }
    let symbol = Self.symbols[currency]
    if isFrench { return "\(digits)\u{A0}\(symbol ?? currency)" }
    return symbol.map { "\($0)\(digits)" } ?? "\(currency)\u{A0}\(digits)"
  }

  /// As a form shows it for editing: plain digits and a decimal point.
  static func typed(_ money: Money) -> String {
    let (major, minor) = money.minorUnits.quotientAndRemainder(dividingBy: 100)
    return minor == 0 ? String(major) : "\(major).\(minor < 10 ? "0" : "")\(minor)"
  }

  private static let symbols = ["EUR": "€", "USD": "$", "GBP": "£"]

  private static func grouped(_ number: Int, by separator: String) -> String {
    let digits = Array(String(number).utf8)
    var grouped = ""
    for (position, digit) in digits.enumerated() {
      if position > 0, (digits.count - position).isMultiple(of: 3) { grouped += separator }
      grouped.unicodeScalars.append(Unicode.Scalar(digit))
    }
    return grouped
  }
}
