create or replace function tide.relay_get_config(pipeline text) returns jsonb
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$ select tide._masked(p.config) from tide.pipeline p where p.id = tide._existing_pipeline(pipeline) $$;
comment on function tide.relay_get_config(text) is 'The configuration of a pipeline as it was set, with secrets as ********.';
