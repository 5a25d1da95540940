-- Called by a view, so as whoever reads it.
create or replace function tide._reads_messages() returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select has_table_privilege('tide.dead_letter', 'select')
    or exists (select from pg_catalog.pg_roles r where r.rolname = 'tide_admin' and pg_has_role(r.oid, 'usage'))
$$;
comment on function tide._reads_messages() is 'Whether whoever asks may see what messages hold: tide_admin, and who may read the tables.';
