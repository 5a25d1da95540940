-- A process id is given out again after a restart: the backend must be older than the registration.
-- When it began, and its heartbeat, only a superuser or a member of pg_read_all_stats may see.
create or replace function tide._live_relays()
returns table (id uuid, name text, version text, backend_pid int, started_at timestamptz, last_heartbeat timestamptz)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select r.id, r.name, r.version, r.backend_pid, r.started_at, a.state_change
    from tide.relay_process r
      join pg_stat_activity a on a.pid = r.backend_pid and a.datname = current_database()
    where coalesce(a.backend_start <= r.started_at, true)
$$;
comment on function tide._live_relays() is 'The relays whose lock connection is there.';
