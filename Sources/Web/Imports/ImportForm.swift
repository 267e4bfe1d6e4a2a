import CRM
import HTTP
import Templating

/// What the columns of a file mean, and what happens to leads that are known.
struct ImportForm {
  /// The code of each column's field, as chosen.
  var columns: [String] = []
  var mode = Field<LeadImport.Mode, L>()
  var owner = Field<ID<User>?, L>()
  var source = Field<String?, L>()
  var columnsError: L?
  /// The meanings come from the last file with this header.
  var isRemembered = false

  init(_ subject: LeadImport, _ memory: ImportMemory?) {
    let fits = memory.flatMap { $0.mapping.fields.count == subject.header.count ? $0 : nil }
    let mapping =
      subject.mapping ?? fits?.mapping
      ?? ImportMapping.guess(header: subject.header, sample: subject.sample)
    columns = mapping.fields.map { $0?.rawValue ?? "" }
    mode.typed = (subject.mode ?? fits?.mode ?? .create).rawValue
    owner.typed = subject.owner?.description ?? ""
    source.typed = subject.source ?? ""
    isRemembered = subject.mapping == nil && fits != nil
  }

  init(_ posted: PostedForm) throws {
    for pair in posted.fields.pairs where pair.name.utf8.starts(with: "column-".utf8) {
      columns.append(pair.value)
      if !pair.value.isEmpty, ImportField(rawValue: pair.value) == nil {
        columnsError = L("Choose what each column means from its list.")
      }
    }
    mode = try posted.choice("mode", orElse: L("Choose what happens to leads that are known."))
    owner = try posted.optionalField(
      "owner", orElse: L("Choose somebody from the list."), read: { ID($0) })
    source = try posted.optionalText("source", max: 100)
    let mapping = mapping
    if columnsError != nil { return }
    if let twice = mapping.repeated.first {
      columnsError = L("Two columns cannot both be: \(twice.words).")
    } else if !mapping.namesSomebody {
      columnsError = L("Say which column has the name, the company, the address or the number.")
    }
  }

  private var mapping: ImportMapping { ImportMapping(columns.map { ImportField(rawValue: $0) }) }

  /// Nil while something is wrong.
  var plan: LeadImport.Plan? {
    guard columnsError == nil, let mode = mode.value, let owner = owner.value,
      let source = source.value
    else { return nil }
    return LeadImport.Plan(mapping: mapping, mode: mode, owner: owner, source: source)
  }

  /// The same, whose owner is none who could be given leads.
  func refusingOwner() -> ImportForm {
    var form = self
    form.owner.error = L("Choose somebody from the list.")
    return form
  }

  var problems: [FieldProblem] {
    FormErrors([
      ("column-0", columnsError), ("mode-create", mode.error), ("owner", owner.error),
      ("source", source.error),
    ]).problems
  }
}

/// One column of the file: its name, what stands in it, and what it means.
struct ImportColumn: Templated {
  let index: Int
  let name: String
  let sample: String
  let options: [Choice]

  init(_ index: Int, of subject: LeadImport, chosen: String) {
    self.index = index
    name = subject.header[index].shortened(to: 100)
    sample = subject.sample.compactMap { $0.indices.contains(index) ? $0[index] : nil }
      .filter { !$0.isEmpty }.prefix(3).joined(separator: " · ").shortened(to: 200)
    options =
      [Choice(value: "", name: L("Leave out"), isSelected: chosen.isEmpty)]
      + ImportField.allCases.map {
        Choice(value: $0.rawValue, name: $0.words, isSelected: $0.rawValue == chosen)
      }
  }

  static let keys = Keys<ImportColumn>()
    .text("column_index") { String($0.index) }.text("column_name", \.name)
    .text("column_sample", \.sample).list("field_options", \.options)
}
