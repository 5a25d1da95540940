create or replace function tide._lock_held(group_id int) returns boolean
language sql stable
as $$
  select exists (
    select from pg_catalog.pg_locks l
    where l.locktype = 'advisory' and l.pid = pg_backend_pid() and l.granted
      and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = current_database())
      and l.classid = tide._lock_class()::oid and l.objid = group_id::oid and l.objsubid = 2)
$$;
comment on function tide._lock_held(int) is 'Whether this very connection holds the advisory lock of a consumer group.';
