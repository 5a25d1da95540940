create or replace function tide._queue_behind(new_ids bigint[]) returns void
language plpgsql
as $$
declare
  firsts bigint[];
  locked bigint[];
begin
  select array_agg(distinct f.id) into firsts
    from tide._chains(new_ids) as c
      cross join lateral (select * from tide._first_of_chain(c.pipeline_id, c.key)) as f;
  if firsts is null then
    return;
  end if;
  select array_agg(s.id) into locked
    from (
      select d.id from tide.dead_letter d
        where d.id = any (firsts) and d.state in ('waiting', 'retrying')
        order by d.id
        for share skip locked
    ) as s;
  if cardinality(locked) = cardinality(firsts) then
    return;
  end if;
  update tide.dead_letter d
    set state = 'retrying'
    where d.id = any (new_ids) and d.state like 'parked'
      and (select f.id from tide._first_of_chain(d.pipeline_id, d.key) as f) <> all (coalesce(locked, '{}'));
end $$;
comment on function tide._queue_behind(bigint[]) is
  'What was just put at the end of chains: marks what leads its chain, or may lead it at any moment, to be tried again.';
