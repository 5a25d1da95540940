-- A new look where one was resolved by others meanwhile: who is resolved leads no more. "like", for
-- with "=" the index of all that is parked might be thought to lead to these few.
create or replace function tide._lead_chains(resolved bigint[]) returns void
language plpgsql
as $$
declare
  firsts bigint[];
  led    bigint;
begin
  loop
    select array_agg(distinct f.id) into firsts
      from tide._chains(resolved) as c
        cross join lateral (select * from tide._first_of_chain(c.pipeline_id, c.key)) as f
      where f.state = 'parked';
    exit when firsts is null;
    update tide.dead_letter d set state = 'retrying' where d.id = any (firsts) and d.state like 'parked';
    get diagnostics led = row_count;
    exit when led = cardinality(firsts);
  end loop;
end $$;
comment on function tide._lead_chains(bigint[]) is
  'Where dead letters were resolved: marks what was parked and now leads its chain to be tried again.';
