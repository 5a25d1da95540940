-- Looked up by index, one by one, whatever the statistics say.
create or replace function tide._end_letters(group_id int, epoch uuid, delivered bigint[], filtered bigint[])
returns setof text
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_bitmapscan = off
set enable_material = off
set jit = off
set plan_cache_mode = force_custom_plan
as $$
declare
  of_pipeline int := tide._hold_position(group_id, epoch);
  ended       bigint[];
begin
  with done as (
    update tide.dead_letter d
      set state = m.state, attempts = d.attempts + 1,
          last_at = clock_timestamp(), resolved_at = clock_timestamp()
      from (
          select unnest(delivered) as message_id, 'delivered' as state
          union all
          select unnest(filtered), 'filtered') as m
        cross join lateral (
          select u.id from tide.dead_letter u
          where u.pipeline_id = of_pipeline and u.message_id = m.message_id
            and u.state in ('waiting', 'parked', 'retrying')
          limit 1) as u
      where d.id = u.id and d.state in ('parked', 'retrying')
      returning d.id)
  select array_agg(o.id) into ended from done o;
  select coalesce(ended, '{}') || coalesce(array_agg(d.id), '{}') into ended
    from unnest(delivered || filtered) as m (message_id)
      cross join lateral (
        select u.id from tide.dead_letter u
        where u.pipeline_id = of_pipeline and u.message_id = m.message_id and u.state = 'discarded'
        order by u.id desc
        limit 1) as d;
  perform tide._lead_chains(ended);
  return query
    select c.key from tide._chains(ended) as c
    where exists (select from tide._first_of_chain(c.pipeline_id, c.key));
end $$;
comment on function tide._end_letters(int, uuid, bigint[], bigint[]) is
  'Says of messages that were tried again that they were delivered or filtered; one that was discarded meanwhile stays so. Returns those of their keys that are still parked. Raises TD001 without the lease.';
