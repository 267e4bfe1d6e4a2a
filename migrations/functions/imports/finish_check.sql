-- for: worker
-- Ends the dry run: of new rows about one person who is known, or with one name at one company and nobody known, the
-- first counts, as it would beside a lead that is there; of new rows that name leads nobody knows, those of one person
-- are one. Then it counts what it found.
create or replace function app.finish_check(p_import uuid) returns void
  language sql security definer
  set search_path = pg_catalog, pg_temp
  set enable_seqscan = off
  set work_mem = '32MB'
  begin atomic
    with same as (
      select r.ctid as place, row_number() over same as nth, first_value(r.line) over same as first_line
        from crm.lead_import_rows r
       where r.tenant_id = app.tenant() and r.import_id = p_import and r.status = 'new'
         and (r.contact_id is not null or r.company is not null and coalesce(r.first_name, r.last_name) is not null)
      window same as (
        partition by r.contact_id,
          case when r.contact_id is null then app.fold(concat_ws(' ', r.first_name, r.last_name)) end,
          case when r.contact_id is null then app.fold(r.company) end
        order by r.line)
    )
    update crm.lead_import_rows r set status = 'duplicate', reasons = array['same_line:' || s.first_line]
      from same s where r.ctid = s.place and s.nth > 1;
    with same as (
      select r.ctid as place, row_number() over same as nth, first_value(r.line) over same as first_line
        from crm.lead_import_rows r
       where r.tenant_id = app.tenant() and r.import_id = p_import and r.status = 'new' and r.known_id is not null
         and r.contact_id is null and coalesce(r.email, r.phone) is not null
      window same as (partition by coalesce(r.email, r.phone) order by r.line)
    )
    update crm.lead_import_rows r set status = 'duplicate', reasons = array['same_line:' || s.first_line]
      from same s where r.ctid = s.place and s.nth > 1;
    update crm.lead_imports i
       set state = 'checked', new_rows = c.new_rows, update_rows = c.update_rows,
           duplicate_rows = c.duplicate_rows, error_rows = c.error_rows
      from (select count(*) filter (where r.status = 'new') as new_rows,
                   count(*) filter (where r.status = 'update') as update_rows,
                   count(*) filter (where r.status = 'duplicate') as duplicate_rows,
                   count(*) filter (where r.status = 'error') as error_rows
              from crm.lead_import_rows r where r.tenant_id = app.tenant() and r.import_id = p_import) c
     where i.tenant_id = app.tenant() and i.id = p_import and i.state = 'checking';
  end;
