-- for: owner
-- What became of a delivery, in its history.
create or replace function sec.log_attempt(p_tenant uuid, p_delivery uuid, p_token bigint, p_phase text, p_detail text)
  returns void
  language sql
  set search_path = pg_catalog, pg_temp
  begin atomic
    insert into crm.delivery_attempts (tenant_id, id, delivery_id, lease_token, phase, detail, actor_id)
    values (p_tenant, gen_random_uuid(), p_delivery, p_token, p_phase, left(p_detail, 500), app.actor());
  end;
