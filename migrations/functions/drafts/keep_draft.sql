-- for: owner
-- The whole table "A draft's life": which moves exist, what each needs, what stays frozen; and that it is submitted
-- by its author, as what it is, to whom its people can be reached now; and rejected or given back with a decision, or
-- by its author.
create or replace function app.keep_draft() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  is_edit constant boolean := tg_op = 'UPDATE'
    and (new.subject, new.content_md) is distinct from (old.subject, old.content_md);
  move constant text := case when tg_op = 'UPDATE' and new.status <> old.status
    then old.status || ' → ' || new.status end;
begin
  if tg_op = 'INSERT' then
    if new.status <> 'draft' then
      raise exception 'a draft starts as a draft' using errcode = 'CF004', constraint = 'drafts_start';
    end if;
    new.author_id := app.actor();
    new.last_editor_id := app.actor();
    return new;
  end if;

  if (new.tenant_id, new.id, new.lead_id, new.type, new.version, new.document_id, new.author_id,
      new.requested_by, new.origin, new.created_at)
     is distinct from
     (old.tenant_id, old.id, old.lead_id, old.type, old.version, old.document_id, old.author_id,
      old.requested_by, old.origin, old.created_at) then
    raise exception 'a draft keeps its identity' using errcode = 'CF004', constraint = 'drafts_identity';
  end if;
  if is_edit and not (old.status = 'draft' and new.status = 'draft') then
    raise exception 'a draft that left the desk is frozen' using errcode = 'CF004', constraint = 'drafts_frozen';
  end if;
  -- The last editor is whoever touches it on the desk, and nobody else's name can be put there.
  new.last_editor_id := case when old.status = 'draft' and new.status = 'draft'
    then app.actor() else old.last_editor_id end;

  if move is null then
    if new.manifest is distinct from old.manifest or new.approval_id is distinct from old.approval_id then
      raise exception 'content and approval change only with the status' using errcode = 'CF004', constraint = 'drafts_frozen';
    end if;
  elsif move = 'draft → under_review' then
    if app.actor() is distinct from old.author_id then
      raise exception 'the author submits' using errcode = 'CF403', constraint = 'drafts_submitter';
    end if;
    if new.manifest is distinct from app.manifest(new) then
      raise exception 'the content is not the draft''s' using errcode = 'CF004', constraint = 'drafts_manifest';
    end if;
    if exists (
        select from crm.draft_recipients r
         where r.tenant_id = new.tenant_id and r.draft_id = new.id and not exists (
           select from crm.lead_contacts lc
             join crm.contacts c on c.tenant_id = lc.tenant_id and c.id = lc.contact_id and c.deleted_at is null
            where lc.tenant_id = r.tenant_id and lc.lead_id = new.lead_id and lc.contact_id = r.contact_id
              and r.address = case r.kind when 'sms_to' then c.phone::text else c.email::text end)) then
      raise exception 'somebody''s address is another now' using errcode = 'CF409', constraint = 'drafts_recipients_current';
    end if;
    new.submitted_at := now();
  elsif move = 'under_review → draft' then
    if app.actor() is distinct from old.author_id and not app.is_decided(new.tenant_id, new.id, 'changes_requested') then
      raise exception 'a draft is given back with a decision, or by its author' using errcode = 'CF403', constraint = 'drafts_decided';
    end if;
    new.submitted_at := null;
    new.manifest := null;
    new.approval_id := null;
  elsif move in ('under_review → approved', 'under_review → rejected') then
    if new.manifest is distinct from old.manifest then
      raise exception 'a decision does not change what it decides on' using errcode = 'CF004', constraint = 'drafts_frozen';
    end if;
    if new.status = 'rejected' and not app.is_decided(new.tenant_id, new.id, 'rejected') then
      raise exception 'a draft is rejected with a decision' using errcode = 'CF403', constraint = 'drafts_decided';
    end if;
  elsif move = 'approved → rejected' then
    if app.actor() is distinct from old.author_id and not app.may('write_drafts') then
      raise exception 'not permitted: write_drafts' using errcode = 'CF403', constraint = 'drafts_canceller';
    end if;
    if exists (select from crm.deliveries d where d.tenant_id = new.tenant_id and d.draft_id = new.id
                and d.state <> 'cancelled') then
      raise exception 'a delivery has left or may leave' using errcode = 'CF004', constraint = 'drafts_cancel';
    end if;
  elsif move = 'approved → sent' then
    if not exists (select from crm.deliveries d where d.tenant_id = new.tenant_id and d.draft_id = new.id)
       or exists (select from crm.deliveries d where d.tenant_id = new.tenant_id and d.draft_id = new.id
                   and d.state <> 'sent') then
      raise exception 'not every delivery is sent' using errcode = 'CF004', constraint = 'drafts_sent_means_sent';
    end if;
  else
    raise exception 'no such move: %', move using errcode = 'CF004', constraint = 'drafts_life';
  end if;
  if old.status in ('approved', 'sent') and (new.manifest, new.approval_id) is distinct from (old.manifest, old.approval_id) then
    raise exception 'an approved draft is frozen' using errcode = 'CF004', constraint = 'drafts_frozen';
  end if;
  new.revision := old.revision + 1;
  return new;
end $$;

create or replace trigger keep before insert or update on crm.drafts for each row execute function app.keep_draft();
