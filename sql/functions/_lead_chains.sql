-- A new look each time: who was resolved by others meanwhile leads no more.
create or replace function tide._lead_chains(resolved bigint[]) returns void
language plpgsql
as $$
declare
  firsts bigint[];
begin
  loop
    select array_agg(f.id) into firsts
      from tide._chains(resolved) as c
        cross join lateral (select * from tide._first_of_chain(c.pipeline_id, c.key)) as f
      where f.state = 'parked';
    exit when firsts is null;
    update tide.dead_letter d set state = 'retrying' where d.id = any (firsts) and d.state = 'parked';
  end loop;
end $$;
comment on function tide._lead_chains(bigint[]) is
  'Where dead letters were resolved: marks what was parked and now leads its chain to be tried again.';
