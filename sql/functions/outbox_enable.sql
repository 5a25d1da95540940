create or replace function tide.outbox_enable(name text) returns void
language sql security definer
set search_path = pg_catalog, pg_temp
as $$ select tide._set_outbox_enabled(name, true) $$;
comment on function tide.outbox_enable(text) is 'Lets an outbox accept messages again.';
