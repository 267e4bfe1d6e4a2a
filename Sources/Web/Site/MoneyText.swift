import CRM
import Templating

/// An amount as the viewer's language writes it: "€18,400", "18 400 €"; decimals only where there are
/// some.
struct MoneyText: WrittenText, Sendable {
  let money: Money
  let currency: Currency

  func write(in language: Language, to buffer: inout ByteBuffer) {
    let isFrench = language.code == "fr"
    let symbol = Self.symbol(of: currency)
    if !isFrench {
      buffer.append(symbol ?? currency.code)
      if symbol == nil { buffer.append("\u{A0}") }
    }
    let (major, minor) = money.minorUnits.quotientAndRemainder(dividingBy: currency.minorUnits)
    CountText(number: major).write(in: language, to: &buffer)
    if minor != 0 {
      buffer.append(isFrench ? "," : ".")
      buffer.append(minor, width: currency.decimals)
    }
    if isFrench {
      buffer.append("\u{A0}")
      buffer.append(symbol ?? currency.code)
    }
  }

  private static func symbol(of currency: Currency) -> String? {
    switch currency.code {
    case "EUR": "€"
    case "USD": "$"
    case "GBP": "£"
    default: nil
    }
  }
}

/// A number of zero or more in groups of three, as the viewer's language divides them: "1,000,000", "1 000 000".
struct CountText: WrittenText, Sendable {
  let number: Int

  func write(in language: Language, to buffer: inout ByteBuffer) {
    Self.write(number, by: language.code == "fr" ? "\u{202F}" : ",", to: &buffer)
  }

  /// The first group as it is, the others with their zeros.
  private static func write(_ number: Int, by separator: String, to buffer: inout ByteBuffer) {
    guard number >= 1_000 else { return buffer.append(number) }
    write(number / 1_000, by: separator, to: &buffer)
    buffer.append(separator)
    buffer.append(number % 1_000, width: 3)
  }
}
