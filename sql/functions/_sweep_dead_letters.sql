-- What keeps it short, for it runs every few seconds: the age is worked out once a pipeline, so that
-- an index leads to what is older; and of what is parked it looks at some, other ones each time.
create or replace function tide._sweep_dead_letters() returns bigint
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set enable_incremental_sort = off
set jit = off
set plan_cache_mode = force_custom_plan
as $$
declare
  running  int[]  := array(select o.group_id from tide._owners() as o);
  swept    bigint := 0;
  deleted  bigint;
  pipeline record;
  expiry   timestamptz;
begin
  for pipeline in
    select l.id, (tide._config_value(l.config, 'dead_letter.retention_days') #>> '{}')::int as days,
           l.group_id = any (running) as runs
      from tide.pipeline l
      where (select d.id from tide.dead_letter d where d.pipeline_id = l.id and d.state = 'parked' limit 1) is not null
        or (
          select d.id from tide.dead_letter d
          where d.pipeline_id = l.id and d.state in ('delivered', 'filtered', 'discarded')
          limit 1) is not null
      order by l.id
  loop
    perform tide._free_orphans(pipeline.id);
    expiry := clock_timestamp() - make_interval(days => pipeline.days);
    delete from tide.dead_letter d
      where d.id = any (array(
        select e.id from tide.dead_letter e
          where e.pipeline_id = pipeline.id and e.state in ('delivered', 'filtered', 'discarded')
            and e.resolved_at <= expiry
            -- The relay may be trying it at this moment, and then asks what became of it.
            and not (e.state = 'discarded' and (
              pipeline.runs and e.resolved_at > clock_timestamp() - interval '1 hour'
              or e.parks_key and e.key_hash in (
                select u.key_hash from tide.dead_letter u
                  where u.pipeline_id = pipeline.id and u.parks_key and u.state in ('waiting', 'parked', 'retrying'))))
          order by e.resolved_at
          limit 10000 - swept));
    get diagnostics deleted = row_count;
    swept := swept + deleted;
  end loop;
  return swept;
end $$;
comment on function tide._sweep_dead_letters() is
  'Deletes what was delivered, filtered or discarded longer than its pipeline''s dead_letter.retention_days ago, up to 10,000 in a call, and returns how many.';
