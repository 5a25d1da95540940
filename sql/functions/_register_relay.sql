create or replace function tide._register_relay(id uuid, name text, version text) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  delete from tide.relay_process r
    where r.id <> _register_relay.id and not exists (select from tide._live_relays() as l where l.id = r.id);
  insert into tide.relay_process as r (id, name, version, backend_pid, started_at)
    values (_register_relay.id, _register_relay.name, _register_relay.version, pg_backend_pid(), clock_timestamp())
    on conflict on constraint relay_process_pkey do update
      set name = excluded.name, version = excluded.version, backend_pid = excluded.backend_pid, started_at = excluded.started_at;
end $$;
comment on function tide._register_relay(uuid, text, text) is
  'Makes a relay known, by the backend that calls: that of its lock connection. Forgets relays that are gone.';
