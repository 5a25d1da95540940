-- The ranges of one value are as in tide._first_of_chain.
create or replace function tide._has_retries(pipeline_id int) returns boolean
language sql stable
as $$
  select (
    select d.id from tide.dead_letter d
    where d.pipeline_id between $1 and $1 and d.state = 'retrying'
      and (
        not d.parks_key or (
          select w.id from tide.dead_letter w
          where w.pipeline_id = d.pipeline_id and w.key_hash >= d.key_hash and (w.key_hash, w.id) < (d.key_hash, d.id)
            and w.key = d.key and w.parks_key and w.state = 'waiting'
          order by w.key_hash, w.id
          limit 1) is null)
    order by d.pipeline_id, d.id
    limit 1) is not null
$$;
comment on function tide._has_retries(int) is 'Whether dead letters of a pipeline are to be tried again now.';
