import CRM
import HTTP
import Templating

/// Every feature of the site.
enum Routes {
  static func add(to router: inout Router<Answer>) {
    HealthPages.add(to: &router)
    SignInPages.add(to: &router)
    TodayPages.add(to: &router)
    LeadPages.add(to: &router)
    LeadChanges.add(to: &router)
    BulkPages.add(to: &router)
    LeadMergePages.add(to: &router)
    PersonPages.add(to: &router)
    SegmentPages.add(to: &router)
    BoardPages.add(to: &router)
    RelationshipPages.add(to: &router)
    WorkspacePages.add(to: &router)
    AssignmentPages.add(to: &router)
    NotePages.add(to: &router)
    NotificationPages.add(to: &router)
    DiscoveryPages.add(to: &router)
    BankPages.add(to: &router)
    FactPages.add(to: &router)
    AIPages.add(to: &router)
    ImportPages.add(to: &router)
    DraftPages.add(to: &router)
    DraftChanges.add(to: &router)
    ReviewPages.add(to: &router)
    OutboxPages.add(to: &router)
  }
}

extension Site {
  /// Every page with its template: what `Templates` compiles at start.
  package static let pages: [any Page.Type] = [
    SignInPage.self, ErrorPage.self, SessionEndedPage.self, TodayPage.self,
    BulkPage.self, OperationListPage.self, OperationPage.self, MergeSearchPage.self, MergePage.self,
    PersonPage.self, PersonMergeSearchPage.self, PersonMergePage.self, SegmentListPage.self,
    SegmentPage.self,
    LeadListPage.self, NewLeadPage.self, EditLeadPage.self,
    LeadTimelinePage.self, LeadDraftsPage.self, LeadConversationPage.self, LeadHistoryPage.self,
    LeadRelationshipsPage.self, BoardPage.self, WorkspacePage.self, AssignmentPage.self,
    NoteDetailPage.self, NotificationListPage.self,
    ImportListPage.self, NewImportPage.self, ImportPage.self,
    NewDraftPage.self, EditDraftPage.self, DraftPage.self,
    ReviewQueuePage.self, ReviewCardPage.self, ReviewChangedPage.self,
    DeliveryListPage.self, DeliveryPage.self,
    LeadDiscoveryPage.self, QuestionSearchPage.self, BankChoicePage.self, QuestionPage.self,
    BankPage.self, BankQuestionPage.self, FactListPage.self, FactPage.self, AIPage.self,
    AIActionPage.self,
  ]
}
