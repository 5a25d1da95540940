-- As its caller, who sees the heartbeats of its own role. Of a pipeline's lock the one pid is shown.
create or replace function tide._look(relay_group text)
returns table (relay_id uuid, may int[], runs int[], takes boolean, settled boolean, silent boolean)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  with held as materialized (
    select l.pid, l.objid::int as group_id from pg_catalog.pg_locks l
    where l.locktype = 'advisory' and l.granted and l.objsubid = 2 and l.classid = tide._lock_class()::oid
  )
  select r.id,
         array(select p.group_id from tide.pipeline p
               where p.enabled and (r.relay_group is null or p.relay_group = r.relay_group)
                 and (r.pipelines = '{}' or p.name = any (r.pipelines))),
         array(select h.group_id from held h where h.pid = r.backend_pid),
         r.takes,
         r.started_at < clock_timestamp() - interval '2 seconds',
         tide._is_silent(a.state, a.state_change)
    from tide.relay_process r
      cross join lateral pg_catalog.pg_stat_get_activity(r.backend_pid) as a
    where coalesce(r.relay_group = $1, true)
      and a.datid = (select d.oid from pg_catalog.pg_database d where d.datname = current_database())
      and coalesce(a.backend_start <= r.started_at, true)
$$;
comment on function tide._look(text) is
  'The live relays of a relay group: the consumer groups that each may run, those whose locks it holds, and whether it takes any now, has been there for a while, and has said nothing for too long.';
