create or replace function tide._sweep_dead_letters() returns bigint
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  swept bigint;
begin
  -- Whoever deleted the first of a chain by hand left the others without anybody to wait for.
  update tide.dead_letter d
    set state = 'retrying'
    from (
      select distinct on (c.pipeline_id, c.key_hash) c.id
        from tide.dead_letter c
        where c.parks_key and c.state in ('waiting', 'parked', 'retrying')
        order by c.pipeline_id, c.key_hash, c.id
    ) as f
    where d.id = f.id and d.state = 'parked';
  with expired as (
    select e.id
      from tide.pipeline l
        cross join lateral (
          select d.id from tide.dead_letter d
            where d.pipeline_id = l.id and d.state in ('delivered', 'filtered', 'discarded')
              and d.resolved_at <= clock_timestamp() - make_interval(
                days => (tide._config_value(l.config, 'dead_letter.retention_days') #>> '{}')::int)
              -- The relay may be trying it at this moment: its key is then asked for by this row.
              and not (d.state = 'discarded' and d.parks_key
                and exists (select from tide._first_of_chain(d.pipeline_id, d.key)))
            order by d.resolved_at
            limit 10000
        ) as e
      limit 10000)
  delete from tide.dead_letter d using expired e where d.id = e.id;
  get diagnostics swept = row_count;
  return swept;
end $$;
comment on function tide._sweep_dead_letters() is
  'Deletes what was delivered, filtered or discarded longer than its pipeline''s dead_letter.retention_days ago, up to 10,000 in a call, and returns how many.';
