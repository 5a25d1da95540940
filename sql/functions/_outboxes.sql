create or replace function tide._outboxes() returns setof int
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$ select o.id from tide.outbox o order by o.id $$;
comment on function tide._outboxes() is 'The ids of all outboxes: each is swept in a transaction of its own.';
