-- The first of a chain is never parked, so the keys are those of what is waiting or retrying.
create or replace function tide._parked_keys(group_id int, at_most int) returns setof text
language sql stable security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
  select distinct k.key
  from tide.pipeline l
    cross join lateral (
      select d.key from tide.dead_letter d where d.pipeline_id = l.id and d.parks_key and d.state = 'waiting'
      union all
      select d.key from tide.dead_letter d where d.pipeline_id = l.id and d.parks_key and d.state = 'retrying'
    ) as k
  where l.group_id = $1
  limit $2
$$;
comment on function tide._parked_keys(int, int) is
  'The keys whose later messages wait, for an earlier one was put aside; at most so many.';
