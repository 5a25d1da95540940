create or replace function tide._dead_letter_words(pipeline_id int) returns text
language sql stable
as $$
  select format('%s unresolved dead letter%s', count(*), case when count(*) > 1 then 's' end)
  from tide.dead_letter d
  where d.pipeline_id = $1 and d.state in ('waiting', 'parked', 'retrying')
  having count(*) > 0
$$;
comment on function tide._dead_letter_words(int) is
  'How many dead letters of a pipeline are unresolved, in words; null when there are none.';
