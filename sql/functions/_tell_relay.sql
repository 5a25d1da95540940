create or replace function tide._tell_relay(pipeline_id int) returns void
language sql
as $$ select pg_notify('tide_config', l.name) from tide.pipeline l where l.id = $1 $$;
comment on function tide._tell_relay(int) is 'Lets the relay look at a pipeline at once.';
