create or replace view tide.relay_processes as
  select r.name,
         r.version,
         r.started_at,
         r.last_heartbeat,
         (select count(*) from tide._owners() as w where w.relay_id = r.id) as pipelines,
         r.backend_pid
    from tide._live_relays() as r
    order by r.name, r.started_at;
comment on view tide.relay_processes is
  'The relays that live: since when they are connected, and when their lock connection last said so.';
