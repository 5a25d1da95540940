create or replace function tide._empty_rings() returns setof text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select c.relname::text from pg_catalog.pg_inherits i join pg_catalog.pg_class c on c.oid = i.inhrelid
  where i.inhparent = 'tide.message'::regclass
    and not exists (select from pg_catalog.pg_inherits leaf where leaf.inhparent = c.oid)
    and not exists (select from tide.outbox o where c.relname = format('message_%s', o.id))
$$;
comment on function tide._empty_rings() is 'The tables that dropped outboxes left behind.';
