create or replace function tide.relay_disable(pipeline text) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  pipeline_id int := tide._existing_pipeline(pipeline);
begin
  update tide.pipeline p set enabled = false, revision = p.revision + 1 where p.id = pipeline_id and p.enabled;
  if found then
    perform pg_notify('tide_config', pipeline);
  end if;
end $$;
comment on function tide.relay_disable(text) is
  'Stops a pipeline, at once, after what is on its way has arrived. Its messages are kept.';
