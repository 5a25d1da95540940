-- What each role may do, decided by name and kind, so that nothing new is forgotten. Applied at the
-- end of every migration. Functions that begin with an underscore are the relay's; those among them
-- that write what a relay may not are not SECURITY DEFINER, and fail at the table.
do $$
declare
  role   text;
  allows text[];
begin
  revoke all on schema tide from public;
  revoke all on all tables in schema tide from public;
  revoke all on all sequences in schema tide from public;
  revoke all on all routines in schema tide from public;

  for role in
    select r.rolname from pg_catalog.pg_roles r
    where r.rolname in ('tide_publisher', 'tide_relay', 'tide_admin', 'tide_viewer')
  loop
    execute format('revoke all on all tables in schema tide from %I', role);
    execute format('revoke all on all sequences in schema tide from %I', role);
    execute format('revoke all on all routines in schema tide from %I', role);
    execute format('grant usage on schema tide to %I', role);

    select array_agg(format('grant select on tide.%I to %I', c.relname, role)) into allows
      from pg_catalog.pg_class c
      where c.relnamespace = 'tide'::regnamespace and not c.relispartition
        and (c.relkind = 'v' and role <> 'tide_publisher'
          or c.relname in ('migration', 'schema_applied') and role <> 'tide_publisher'
          or c.relkind in ('r', 'p') and role = 'tide_relay');

    select coalesce(allows, '{}') || array_agg(format('grant execute on routine %s to %I', p.oid::regprocedure, role)) into allows
      from pg_catalog.pg_proc p
      where p.pronamespace = 'tide'::regnamespace
        and (role = 'tide_publisher' and p.proname like 'outbox\_publish%'
          or role = 'tide_relay' and (p.proname like '\_%' or p.proname = 'outbox_sweep')
          or role = 'tide_admin' and p.proname not like '\_%'
          -- A view runs functions as whoever reads it.
          or role <> 'tide_publisher' and exists (
            select from pg_catalog.pg_depend d
              join pg_catalog.pg_rewrite w on w.oid = d.objid and d.classid = 'pg_rewrite'::regclass
              join pg_catalog.pg_class v on v.oid = w.ev_class and v.relnamespace = 'tide'::regnamespace
            where d.refclassid = 'pg_proc'::regclass and d.refobjid = p.oid));

    if allows is not null then
      execute array_to_string(allows, '; ');
    end if;
  end loop;
end $$;
