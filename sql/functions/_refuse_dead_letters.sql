create or replace function tide._refuse_dead_letters(pipeline_id int) returns void
language plpgsql
as $$
declare
  pipeline text := (select l.name from tide.pipeline l where l.id = pipeline_id);
  words    text := tide._dead_letter_words(pipeline_id);
begin
  if words is not null then
    raise exception 'pipeline "%" has %', pipeline, words
      using errcode = 'dependent_objects_still_exist',
        hint = format('Deliver them with "SELECT tide.dead_letter_retry_all(%L)" while it runs, or give them up with "SELECT tide.dead_letter_discard_all(%L)".',
          pipeline, pipeline);
  end if;
end $$;
comment on function tide._refuse_dead_letters(int) is 'Raises 2BP01 while a pipeline has dead letters that nobody has resolved.';
