create or replace function tide.relay_enable(pipeline text) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  pipeline_id int := tide._existing_pipeline(pipeline);
begin
  -- Enabled already or not, the revision grows: a pipeline that failed is then tried again.
  update tide.pipeline p set enabled = true, revision = p.revision + 1 where p.id = pipeline_id;
  perform pg_notify('tide_config', pipeline);
end $$;
comment on function tide.relay_enable(text) is
  'Lets a pipeline run, at once; one that failed or halted is tried again.';
