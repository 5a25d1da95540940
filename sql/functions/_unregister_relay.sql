create or replace function tide._unregister_relay(id uuid) returns void
language sql security definer
set search_path = pg_catalog, pg_temp
as $$ delete from tide.relay_process r where r.id = $1 $$;
comment on function tide._unregister_relay(uuid) is 'Forgets a relay that ends.';
