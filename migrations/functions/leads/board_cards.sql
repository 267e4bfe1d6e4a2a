-- for: web
-- The cards of every column, the newest first, p_limit of each. The filter is the list's; stage, outcome
-- and life are the board's own. Like app.find_leads this steps outside row security and names the tenant.
-- Words and a tag are searched for once, not once a column.
create or replace function app.board_cards(p_filter jsonb, p_limit int) returns table (id uuid)
  language plpgsql stable security definer
  set search_path = pg_catalog, extensions, pg_temp
  set enable_seqscan = off
  rows 80
as $$
declare
  shown constant jsonb := p_filter || '{"stage": null, "outcome": "open", "life": "active"}';
  this_tenant constant uuid := app.tenant();
  of_stage text;
begin
  if this_tenant is null then return; end if;
  if sec.lead_contents(shown) is not null then
    return query
      select r.id from (
        select l.id, row_number() over (partition by l.stage order by l.id desc) as place from crm.leads l
         where l.tenant_id = this_tenant and l.id = any (sec.lead_ids(this_tenant, app.actor(), shown, null, null, 2000))) r
       where r.place <= least(p_limit, 101);
    return;
  end if;
  foreach of_stage in array array['new', 'discovery', 'proposal', 'decision'] loop
    return query select f.id
      from unnest(sec.lead_ids(this_tenant, app.actor(), shown || jsonb_build_object('stage', of_stage), null, null, least(p_limit, 101))) f (id);
  end loop;
end $$;
