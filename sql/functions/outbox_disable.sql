create or replace function tide.outbox_disable(name text) returns void
language sql security definer
set search_path = pg_catalog, pg_temp
as $$ select tide._set_outbox_enabled(name, false) $$;
comment on function tide.outbox_disable(text) is 'Makes an outbox refuse messages, with an error in the publisher''s transaction. What it holds is still delivered.';
