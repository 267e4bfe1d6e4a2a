/// The numbers in the navigation, capped so that they never cost more than a page's rows.
package struct DeskCounts: Sendable {
  package let waitingForReview: Int
  package let deliveriesThatStandStill: Int
  package let unreadNotifications: Int

  /// Where counting stops, in `app.enter`.
  package static let cap = 500
}
