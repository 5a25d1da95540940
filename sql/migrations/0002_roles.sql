-- The four roles. Roles belong to the whole cluster, and not every installer may create them.
do $$
declare
  role text;
begin
  foreach role in array array['tide_publisher', 'tide_relay', 'tide_admin', 'tide_viewer'] loop
    if not exists (select from pg_roles where rolname = role) then
      begin
        execute format('create role %I nologin', role);
      exception
        when insufficient_privilege then
          raise warning 'role % was not created: % may not create roles', role, current_user
            using hint = format('Let a superuser run "CREATE ROLE %s NOLOGIN", then "pg-tide migrate" again for its grants.', role);
        when duplicate_object or unique_violation then
          null;  -- another database of the cluster is being migrated at the same time
      end;
    end if;
  end loop;
end $$;
