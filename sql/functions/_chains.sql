create or replace function tide._chains(ids bigint[]) returns table (pipeline_id int, key text)
language sql stable
as $$
  select distinct d.pipeline_id, d.key from tide.dead_letter d where d.id = any (ids) and d.parks_key
$$;
comment on function tide._chains(bigint[]) is 'The chains that dead letters belong to, or belonged to.';
