-- for: owner
-- When the last delivery of a draft is sent, so is the draft, in the words of the conversation too.
create or replace function sec.settle_draft(p_tenant uuid, p_delivery uuid) returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  letter crm.drafts;
begin
  update crm.drafts d
     set status = 'sent', sent_via = x.channel, message_id = x.message_id,
         external_message_id = x.external_message_id, sent_at = now()
    from crm.deliveries x
   where x.tenant_id = p_tenant and x.id = p_delivery
     and d.tenant_id = p_tenant and d.id = x.draft_id and d.status = 'approved'
     and not exists (select from crm.deliveries o where o.tenant_id = p_tenant and o.draft_id = d.id
                       and o.state <> 'sent')
  returning d.* into letter;
  if found then perform sec.keep_letter(letter); end if;
end $$;
