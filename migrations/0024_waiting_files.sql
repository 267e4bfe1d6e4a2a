-- migrate:up
-- A file that somebody threw away; its rows go bit by bit.
-- lint:allow drop: the one that takes its place lets through all that this one did
alter table crm.lead_imports drop constraint lead_imports_state_check;
alter table crm.lead_imports add constraint lead_imports_state_check
  check (state in ('mapping', 'checking', 'checked', 'committing', 'done', 'undoing', 'undone', 'discarded')) not valid;
alter table crm.lead_imports validate constraint lead_imports_state_check;
-- Nobody gave its columns a meaning, perhaps.
-- lint:allow drop: the one that takes its place lets through all that this one did
alter table crm.lead_imports drop constraint lead_imports_mapped;
alter table crm.lead_imports add constraint lead_imports_mapped
  check (state in ('mapping', 'discarded') or (mapping is not null and mode is not null)) not valid;
alter table crm.lead_imports validate constraint lead_imports_mapped;

-- migrate:down
delete from crm.lead_import_rows r using crm.lead_imports i
 where i.tenant_id = r.tenant_id and i.id = r.import_id and i.state = 'discarded';
delete from crm.lead_imports where state = 'discarded';
alter table crm.lead_imports drop constraint lead_imports_mapped;
alter table crm.lead_imports add constraint lead_imports_mapped
  check (state = 'mapping' or (mapping is not null and mode is not null)) not valid;
alter table crm.lead_imports validate constraint lead_imports_mapped;
alter table crm.lead_imports drop constraint lead_imports_state_check;
alter table crm.lead_imports add constraint lead_imports_state_check
  check (state in ('mapping', 'checking', 'checked', 'committing', 'done', 'undoing', 'undone')) not valid;
alter table crm.lead_imports validate constraint lead_imports_state_check;
