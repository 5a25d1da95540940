create or replace function tide._register_relay(
  id          uuid,
  name        text,
  version     text,
  relay_group text    default null,
  pipelines   text[]  default '{}',
  takes       boolean default true
) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  delete from tide.relay_process r
    where r.id <> _register_relay.id and not exists (select from tide._live_relays() as l where l.id = r.id);
  insert into tide.relay_process as r (id, name, version, backend_pid, started_at, relay_group, pipelines, takes)
    values (_register_relay.id, _register_relay.name, _register_relay.version, pg_backend_pid(), clock_timestamp(),
            _register_relay.relay_group, _register_relay.pipelines, _register_relay.takes)
    on conflict on constraint relay_process_pkey do update
      set name = excluded.name, version = excluded.version, backend_pid = excluded.backend_pid,
          started_at = case when r.backend_pid = excluded.backend_pid then r.started_at else excluded.started_at end,
          relay_group = excluded.relay_group, pipelines = excluded.pipelines, takes = excluded.takes;
end $$;
comment on function tide._register_relay(uuid, text, text, text, text[], boolean) is
  'Makes a relay known, by the backend that calls: that of its lock connection; which pipelines it may run (null and none: all), and whether it takes any now. Forgets relays that are gone.';
