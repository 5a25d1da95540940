create or replace function tide._dead_letter_counts(relay_group text)
returns table (pipeline text, dead_letters bigint, parked_keys bigint)
language sql stable security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
  select l.name,
         (select count(*) from tide.dead_letter d
           where d.pipeline_id = l.id and d.state in ('waiting', 'parked', 'retrying')),
         (select count(distinct k.key_hash)
            from (
              select d.key_hash from tide.dead_letter d
                where d.pipeline_id = l.id and d.parks_key and d.state = 'waiting'
              union all
              select d.key_hash from tide.dead_letter d
                where d.pipeline_id = l.id and d.parks_key and d.state = 'retrying'
            ) as k)
  from tide.pipeline l
  where $1 is null or l.relay_group = $1
  order by l.name
$$;
comment on function tide._dead_letter_counts(text) is
  'How many dead letters of each pipeline of a relay group (null: of all) are unresolved, and how many keys they park.';
