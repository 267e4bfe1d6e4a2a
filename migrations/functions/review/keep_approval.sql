-- for: owner
-- A decision is made by a reviewer, in their own name, on the draft as it stands, and by other eyes
-- than wrote it unless the tenant allows that; then the row says so.
create or replace function app.keep_approval() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  draft crm.drafts;
  is_own boolean;
begin
  new.txid := pg_current_xact_id();
  new.created_at := now();
  new.reviewer_id := app.actor();
  select * into draft from crm.drafts d
   where d.tenant_id = new.tenant_id and d.id = new.draft_id for update;
  if not found or draft.status <> 'under_review' or draft.version <> new.version
     or draft.content_sha256 <> new.content_sha256 then
    raise exception 'the draft is not what was decided on' using errcode = 'CF409', constraint = 'approvals_seen';
  end if;
  if not exists (select from crm.memberships m where m.tenant_id = new.tenant_id and m.user_id = new.reviewer_id
                  and m.disabled_at is null and 'reviewer' = any (m.roles)) then
    raise exception 'only a reviewer decides' using errcode = 'CF403', constraint = 'approvals_reviewer';
  end if;
  is_own := new.reviewer_id in (draft.author_id, draft.last_editor_id)
            or new.reviewer_id is not distinct from draft.requested_by;
  new.self_approved := is_own and new.decision = 'approved';
  if new.self_approved and not exists (
      select from crm.tenant_settings s where s.tenant_id = new.tenant_id and s.key = 'self_approval'
         and s.value = 'true') then
    raise exception 'another pair of eyes is needed' using errcode = 'CF403', constraint = 'approvals_four_eyes';
  end if;
  return new;
end $$;

create or replace trigger keep before insert on crm.approvals for each row execute function app.keep_approval();
