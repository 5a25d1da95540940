-- The first of a chain is never parked, so the keys are those of what is waiting or retrying.
create or replace function tide._parked_keys(group_id int, at_most int) returns setof text
language sql stable security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
  select distinct d.key
  from tide.dead_letter d
    join tide.pipeline l on l.id = d.pipeline_id
  where l.group_id = $1 and d.parks_key and d.state in ('waiting', 'retrying')
  limit $2
$$;
comment on function tide._parked_keys(int, int) is
  'The keys whose later messages wait, for an earlier one was put aside; at most so many.';
