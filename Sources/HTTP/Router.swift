import HTTPTypes

/// A place in a pattern that takes whatever stands in that segment of the path.
struct RouteCapture: Sendable {
  let name: String
  let segmentIndex: Int
}

/// One line of the routing table.
package struct Route<Handler> {
  package let method: HTTPRequest.Method
  /// As added, such as "/leads/{id}"; the name of the page in logs and measurements.
  package let pattern: String
  package let handler: Handler
  let captures: [RouteCapture]
}

extension Route: Sendable where Handler: Sendable {}

/// A segment's place in the tree of patterns; numbers point into the router's arrays.
private struct RouteNode: Sendable {
  var literals: [(text: String, node: Int)] = []
  var parameter: Int?
  var routes: [Int] = []
}

/// Finds the route of a path. Literal segments win over parameters; GET answers HEAD as well.
///
/// Looking a path up compares bytes along one walk down a tree and allocates nothing.
package struct Router<Handler> {
  package enum Match {
    case found(Route<Handler>)
    /// The path exists; these are the methods it has, for `Allow`.
    case methodNotAllowed([HTTPRequest.Method])
    case notFound
  }

  private var nodes = [RouteNode()]
  /// The whole table in the order added, for tests that walk every route.
  package private(set) var routes: [Route<Handler>] = []

  package init() {}

  /// A pattern begins with a slash; its segments are lower-case literals or `{name}`.
  package mutating func add(
    _ method: HTTPRequest.Method, _ pattern: String, _ handler: Handler
  ) {
    var node = 0
    var captures: [RouteCapture] = []
    for (index, segment) in Self.segments(of: pattern).enumerated() {
      if let name = Self.parameterName(segment) {
        precondition(!captures.contains { $0.name == name }, "\(pattern) names \(name) twice.")
        captures.append(RouteCapture(name: name, segmentIndex: index))
        node = parameterChild(of: node)
      } else {
        node = literalChild(segment, of: node)
      }
    }
    precondition(
      !nodes[node].routes.contains { routes[$0].method == method },
      "\(method.rawValue) \(pattern) is already taken.")
    nodes[node].routes.append(routes.count)
    routes.append(Route(method: method, pattern: pattern, handler: handler, captures: captures))
  }

  package func match(_ method: HTTPRequest.Method, _ path: RequestPath) -> Match {
    guard let node = find(path.segments[...], from: 0) else { return .notFound }
    let candidates = nodes[node].routes
    if let route = candidates.first(where: { routes[$0].method == method }) {
      return .found(routes[route])
    }
    if method == .head, let route = candidates.first(where: { routes[$0].method == .get }) {
      return .found(routes[route])
    }
    return .methodNotAllowed(allowed(candidates))
  }

  private func allowed(_ candidates: [Int]) -> [HTTPRequest.Method] {
    let methods = candidates.map { routes[$0].method }
    return methods.contains(.get) && !methods.contains(.head) ? methods + [.head] : methods
  }

  private func find(_ segments: ArraySlice<String>, from node: Int) -> Int? {
    guard let segment = segments.first else {
      return nodes[node].routes.isEmpty ? nil : node
    }
    let rest = segments.dropFirst()
    if let child = nodes[node].literals.first(where: { sameBytes($0.text, segment) }),
      let found = find(rest, from: child.node)
    {
      return found
    }
    guard let parameter = nodes[node].parameter, !segment.isEmpty else { return nil }
    return find(rest, from: parameter)
  }

  private mutating func literalChild(_ text: String, of node: Int) -> Int {
    if let child = nodes[node].literals.first(where: { $0.text == text }) { return child.node }
    nodes.append(RouteNode())
    nodes[node].literals.append((text, nodes.count - 1))
    return nodes.count - 1
  }

  private mutating func parameterChild(of node: Int) -> Int {
    if let child = nodes[node].parameter { return child }
    nodes.append(RouteNode())
    nodes[node].parameter = nodes.count - 1
    return nodes.count - 1
  }

  private static func segments(of pattern: String) -> [String] {
    precondition(pattern.utf8.first == ASCII.slash, "\(pattern) does not begin with a slash.")
    guard pattern != "/" else { return [] }
    let segments = pattern.utf8.dropFirst().split(
      separator: ASCII.slash, omittingEmptySubsequences: false
    ).map { String(Substring($0)) }
    precondition(!segments.contains(""), "\(pattern) holds an empty segment.")
    return segments
  }

  private static func parameterName(_ segment: String) -> String? {
    guard segment.utf8.first == UInt8(ascii: "{") else {
      precondition(
        segment.utf8.allSatisfy { ASCII.isVisible($0) && $0 != UInt8(ascii: "}") },
        "\(segment) is not a literal segment.")
      return nil
    }
    precondition(
      segment.utf8.last == UInt8(ascii: "}") && segment.utf8.count > 2,
      "\(segment) is not a parameter.")
    return String(segment.dropFirst().dropLast())
  }
}

extension Router: Sendable where Handler: Sendable {}
extension Router.Match: Sendable where Handler: Sendable {}
