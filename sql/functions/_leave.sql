create or replace function tide._leave(group_id int, relay_id uuid) returns void
language sql security definer
set search_path = pg_catalog, pg_temp
as $$
  delete from tide.lease l
  where l.group_id = _leave.group_id and l.relay_id = _leave.relay_id and tide._lock_held(_leave.group_id)
$$;
comment on function tide._leave(int, uuid) is
  'Ends the lease of a relay that gives a group back. A lease that is found without its relay tells of a crash.';
