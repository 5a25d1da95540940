-- As its caller: whoever may not even call this is no relay either.
create or replace function tide._relay_rights() returns table (role_name text, lacking text[])
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select current_user::text,
         array(select p.oid::regprocedure::text
                 from pg_catalog.pg_proc p
                 where p.pronamespace = 'tide'::regnamespace and (p.proname like '\_%' or p.proname = 'outbox_sweep')
                   and not has_function_privilege(p.oid, 'execute')
                 order by 1)
$$;
comment on function tide._relay_rights() is 'Who is asking, and which functions of the relay that role may not call.';
