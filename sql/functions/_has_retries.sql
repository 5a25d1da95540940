create or replace function tide._has_retries(pipeline_id int) returns boolean
language sql stable
as $$
  select exists (
    select from tide.dead_letter d
    where d.pipeline_id = $1 and d.state = 'retrying'
      and (
        not d.parks_key or (
          select w.id from tide.dead_letter w
          where w.pipeline_id = d.pipeline_id and w.key_hash = d.key_hash and w.key = d.key
            and w.parks_key and w.state = 'waiting' and w.id < d.id
          limit 1) is null))
$$;
comment on function tide._has_retries(int) is 'Whether dead letters of a pipeline are to be tried again now.';
