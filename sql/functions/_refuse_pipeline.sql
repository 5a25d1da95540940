create or replace function tide._refuse_pipeline(pipeline text, outbox text, consumer_group text, config jsonb) returns void
language plpgsql
as $$
declare
  problems text[] := tide._pipeline_problems(pipeline, outbox, consumer_group, config);
begin
  if cardinality(problems) = 1 and outbox is not null then
    perform tide._outbox_id(outbox);  -- where that is all, its own error says it best
  end if;
  if cardinality(problems) > 0 then
    raise exception E'pipeline "%" is refused:\n  %', pipeline, array_to_string(problems, E'\n  ')
      using errcode = 'invalid_parameter_value',
        hint = 'Nothing was stored. "SELECT * FROM tide.options" lists every option.';
  end if;
end $$;
comment on function tide._refuse_pipeline(text, text, text, jsonb) is
  'Raises 22023 with every problem of a pipeline, or 42704 when its outbox is all that is missing.';
