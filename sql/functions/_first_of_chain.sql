-- The range of one hash, for of no other index is its order that of the question: statistics from
-- before everything was resolved would have all of that looked at.
create or replace function tide._first_of_chain(pipeline_id int, key text) returns table (id bigint, state text)
language sql stable
as $$
  select d.id, d.state
  from (select hashtextextended($2, 0) as key_hash) as h
    cross join tide.dead_letter d
  where d.pipeline_id = $1 and d.key_hash between h.key_hash and h.key_hash and d.key = $2
    and d.parks_key and d.state in ('waiting', 'parked', 'retrying')
  order by d.key_hash, d.id
  limit 1
$$;
comment on function tide._first_of_chain(int, text) is
  'The first unresolved dead letter of a pipeline and a key that is parked.';
