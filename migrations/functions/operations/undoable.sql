-- for: owner
-- The columns that an operation may change and its undo puts back.
create or replace function sec.undoable(p_row jsonb) returns jsonb
  language sql immutable parallel safe
  set search_path = pg_catalog, pg_temp
  begin atomic
    select jsonb_object_agg(key, value) from jsonb_each(p_row)
     where key in ('title', 'description', 'company', 'source', 'owner_id', 'stage', 'stage_since', 'estimated_value', 'tags',
                   'language', 'external_id', 'expected_close_date', 'next_followup_at', 'archived_at', 'deleted_at',
                   'merged_into', 'first_name', 'last_name', 'email', 'phone', 'is_primary', 'role');
  end;
