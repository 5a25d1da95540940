create or replace function tide._try_locks(group_ids int[]) returns int[]
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(array_agg(g.id), '{}') from unnest(group_ids) as g (id)
  where pg_catalog.pg_try_advisory_lock(tide._lock_class(), g.id)
$$;
comment on function tide._try_locks(int[]) is
  'Takes the locks of consumer groups for this connection, of those that are free, and returns which.';
