create or replace function tide._owners() returns table (group_id int, relay_id uuid, relay text)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select p.group_id, r.id, r.name
    from tide.position p
      join tide.lease l on l.group_id = p.group_id and l.epoch = p.epoch and l.writer_xmin = l.xmin
      join tide._live_relays() as r on r.id = l.relay_id
      join pg_locks k on k.pid = r.backend_pid and k.locktype = 'advisory' and k.granted
        and k.classid = tide._lock_class()::oid and k.objid = p.group_id::oid and k.objsubid = 2
$$;
comment on function tide._owners() is
  'Which live relay runs which consumer group: it holds the lease and, at this moment, the lock.';
