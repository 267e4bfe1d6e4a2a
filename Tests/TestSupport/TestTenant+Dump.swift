import Postgres

extension TestTenant {
  /// The tenant's current state as text: what an undo has to bring back. Left out are histories, which
  /// only grow, and counters and clocks that count every change.
  package func dump() throws -> String {
    try look(
      Query(
        "TestTenant.dump",
        """
        select concat_ws(E'\\n',
          (select string_agg((to_jsonb(l) - array['revision', 'event_seq', 'updated_at', 'last_activity_at'])::text, E'\\n' order by id)
             from leads l where deleted_at is null and tenant_id = app.tenant()),
          (select string_agg((to_jsonb(c) - array['updated_at'])::text, E'\\n' order by id)
             from contacts c where deleted_at is null and tenant_id = app.tenant()),
          (select string_agg((to_jsonb(p) - array['created_at'])::text, E'\\n' order by p.lead_id, p.contact_id)
             from lead_contacts p join leads l on l.tenant_id = p.tenant_id and l.id = p.lead_id
             where l.deleted_at is null and p.tenant_id = app.tenant()))
        """, only: { try $0.next() }))
  }
}
