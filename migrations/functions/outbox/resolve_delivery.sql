-- for: web
-- A person says what became of a delivery that stands still: it arrived, send it again, or leave it. Who may is
-- checked here, not only by the page. Raises CF403 for others, CF409 when the delivery has moved on since it was
-- looked at.
create or replace function app.resolve_delivery(p_id uuid, p_resolution text, p_comment text) returns void
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  delivery crm.deliveries;
begin
  -- An author may still cancel what has not left; everything else is an admin's word.
  if session_user = 'closerflow_web' and not exists (
      select from crm.memberships m join app.role_permissions p on p.role = any (m.roles)
       where m.tenant_id = app.tenant() and m.user_id = app.actor() and m.disabled_at is null
         and (p.permission = 'resolve_outbox' or p.permission = 'write_drafts' and p_resolution = 'cancel')) then
    raise exception 'not permitted: resolve_outbox' using errcode = 'CF403', constraint = 'deliveries_resolver';
  end if;
  select * into delivery from crm.deliveries d where d.tenant_id = app.tenant() and d.id = p_id for update;
  if not found then
    raise exception 'no such delivery' using errcode = 'CF404';
  end if;
  if not (p_resolution = 'arrived' and delivery.state = 'uncertain'
          or p_resolution = 'send_again' and delivery.state in ('uncertain', 'blocked', 'dead')
          or p_resolution = 'cancel' and delivery.state in ('uncertain', 'blocked', 'dead', 'ready')) then
    raise exception 'the delivery has moved on' using errcode = 'CF409', constraint = 'deliveries_resolution';
  end if;
  update crm.deliveries
     set state = case p_resolution when 'arrived' then 'sent' when 'send_again' then 'ready' else 'cancelled' end,
         external_message_id = case p_resolution when 'arrived' then 'confirmed by a person' end,
         attempts = case p_resolution when 'send_again' then 0 else attempts end,
         run_at = now(), lease_token = lease_token + 1,
         finished_at = case p_resolution when 'send_again' then null else clock_timestamp() end
   where tenant_id = app.tenant() and id = p_id;
  perform sec.log_attempt(app.tenant(), p_id, delivery.lease_token,
    case p_resolution when 'arrived' then 'resolved' when 'send_again' then 'retried' else 'cancelled' end, p_comment);
  perform sec.settle_draft(app.tenant(), p_id);
end $$;
