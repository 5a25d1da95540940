create or replace function tide._outboxes() returns setof text
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$ select o.name from tide.outbox o order by o.id $$;
comment on function tide._outboxes() is 'The names of all outboxes: each is swept in a transaction of its own.';
