import CRM
import Templating

/// Leads as boxes in columns, one a step from the lead in the first, with a line for each relationship.
/// Lengths are those of the SVG's own grid.
struct GraphDrawing: Templated {
  let boxes: [Box]
  let lines: [Line]
  let width: Int
  let height: Int

  private static let boxWidth = 240
  private static let boxHeight = 52
  private static let columnStep = 372
  private static let rowStep = 72
  private static let edge = 2

  struct Box: Templated {
    let node: RelationshipGraph.Node
    let x: Int
    let y: Int

    var middle: Int { y + GraphDrawing.boxHeight / 2 }
    var left: Int { x }
    var right: Int { x + GraphDrawing.boxWidth }

    private var detail: L {
      node.outcome == .open ? node.stage.words : node.outcome.words
    }

    static let keys = Keys<Box>()
      .text("box_url") { Links.lead($0.node.id) }.text("box_title", \.node.title)
      .text("box_short") { GraphDrawing.short($0.node.title) }
      .text("box_company") { $0.node.company.map(GraphDrawing.short) }
      .text("box_detail") { $0.detail }.flag("box_first") { $0.node.steps == 0 }
      .text("box_x", \.x).text("box_y", \.y)
      .text("text_x") { $0.x + 12 }.text("title_y") { $0.y + 22 }.text("detail_y") { $0.y + 41 }
  }

  struct Line: Templated {
    let path: String
    let words: L
    let x: Int
    let y: Int
    /// Which end the arrow stands at; nil for what goes both ways.
    let isForward: Bool?

    static let keys = Keys<Line>()
      .text("path", \.path).text("line_name", \.words).text("line_x", \.x).text("line_y", \.y)
      .flag("forward") { $0.isForward == true }.flag("backward") { $0.isForward == false }
  }

  init(_ graph: RelationshipGraph) {
    let columns = Self.columns(graph)
    let rows = columns.map(\.count).max() ?? 0
    var boxes: [Box] = []
    for (step, column) in columns.enumerated() {
      let top = (rows - column.count) * Self.rowStep / 2 + Self.edge
      for (row, node) in column.enumerated() {
        boxes.append(
          Box(node: node, x: step * Self.columnStep + Self.edge, y: top + row * Self.rowStep))
      }
    }
    self.boxes = boxes
    lines = graph.edges.compactMap { Self.line($0, boxes) }
    // Lines inside the last column bulge out of it, with their words.
    let bulges = lines.contains { line in boxes.allSatisfy { $0.right < line.x } }
    width =
      (max(1, columns.count) - 1) * Self.columnStep + Self.boxWidth + (bulges ? 116 : 0)
      + 2 * Self.edge
    height = max(1, rows) * Self.rowStep - (Self.rowStep - Self.boxHeight) + 2 * Self.edge
  }

  /// The nodes by their distance, each beside the one it is reached through.
  private static func columns(_ graph: RelationshipGraph) -> [[RelationshipGraph.Node]] {
    let nodes = graph.nodes.prefix(RelationshipGraph.nodesMax)
    var columns: [[RelationshipGraph.Node]] = []
    for step in 0...RelationshipGraph.stepsMax {
      let column = nodes.filter { $0.steps == step }
      guard !column.isEmpty else { break }
      let before = columns.last ?? []
      func place(_ node: RelationshipGraph.Node) -> Int {
        before.firstIndex { parent in
          graph.edges.contains {
            [$0.lead.id, $0.other.id].contains(node.id)
              && [$0.lead.id, $0.other.id].contains(parent.id)
          }
        } ?? before.count
      }
      let placed = column.enumerated().map {
        (place: place($0.element), offset: $0.offset, node: $0.element)
      }
      columns.append(placed.sorted { ($0.place, $0.offset) < ($1.place, $1.offset) }.map(\.node))
    }
    return columns
  }

  private static func line(_ tie: Relationship, _ boxes: [Box]) -> Line? {
    guard let one = boxes.first(where: { $0.node.id == tie.lead.id }),
      let other = boxes.first(where: { $0.node.id == tie.other.id })
    else { return nil }
    let isForward = one.x <= other.x
    let (start, end) = isForward ? (one, other) : (other, one)
    let arrow = tie.kind == .referral ? isForward : nil
    if start.x == end.x {
      let (x, bulge) = (start.right, start.right + 64)
      return Line(
        path:
          "M\(x) \(start.middle) C\(bulge) \(start.middle) \(bulge) \(end.middle) \(x) \(end.middle)",
        words: tie.kind.words, x: x + 58, y: (start.middle + end.middle) / 2, isForward: arrow)
    }
    let middle = (start.right + end.left) / 2
    return Line(
      path:
        "M\(start.right) \(start.middle) C\(middle) \(start.middle) \(middle) \(end.middle) \(end.left) \(end.middle)",
      words: tie.kind.words, x: middle, y: (start.middle + end.middle) / 2, isForward: arrow)
  }

  /// What fits into a box.
  private static func short(_ text: String) -> String {
    let scalars = text.unicodeScalars
    return scalars.count <= 25 ? text : String(scalars.prefix(24)) + "…"
  }

  static let keys = Keys<GraphDrawing>()
    .list("boxes", \.boxes).list("lines", \.lines)
    .text("graph_width", \.width).text("graph_height", \.height)
}
