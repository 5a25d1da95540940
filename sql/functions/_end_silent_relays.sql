-- As its caller, who may end sessions of its own role alone.
create or replace function tide._end_silent_relays(caller uuid) returns int
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  select count(*)::int
  from (
    select pg_catalog.pg_terminate_backend(r.backend_pid) as ended
      from tide.relay_process r
        cross join lateral pg_catalog.pg_stat_get_activity(r.backend_pid) as a
      where a.datid = (select d.oid from pg_catalog.pg_database d where d.datname = current_database())
        and a.usesysid = (select u.oid from pg_catalog.pg_roles u where u.rolname = current_user)
        and a.backend_start <= r.started_at
        and r.backend_pid <> pg_backend_pid()
        and (r.id = caller or tide._is_silent(a.state, a.state_change))
  ) as e
  where e.ended
$$;
comment on function tide._end_silent_relays(uuid) is
  'Ends the lock connections, and so the locks, of relays that have said nothing for too long, and an earlier one of the relay that calls; how many.';
