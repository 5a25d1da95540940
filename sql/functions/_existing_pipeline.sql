create or replace function tide._existing_pipeline(pipeline text) returns int
language plpgsql stable
as $$
declare
  pipeline_id int;
  nearest     text;
begin
  perform tide._refuse_null('pipeline', pipeline, 'Name the pipeline, as created with tide.relay_set_outbox().');
  select p.id into pipeline_id from tide.pipeline p where p.name = pipeline;
  if found then
    return pipeline_id;
  end if;
  nearest := tide._nearest(pipeline, (select array_agg(p.name order by p.name) from tide.pipeline p));
  raise exception 'there is no pipeline "%"', pipeline
    using errcode = 'undefined_object',
      hint = coalesce('Did you mean "' || nearest || '"?', 'Create it with tide.relay_set_outbox().');
end $$;
comment on function tide._existing_pipeline(text) is
  'The id of the pipeline that an argument names; raises 22004 for null, 42704 with the nearest name when there is none.';
