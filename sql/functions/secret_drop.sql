create or replace function tide.secret_drop(name text, force boolean default false) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  users text;
begin
  perform tide._existing_secret(name);
  select string_agg(format('"%s"', u.pipeline), ', ' order by u.pipeline) into users
    from tide._secret_users() u where u.secret = name;
  if users is not null and force is not true then
    raise exception 'secret "%" is used by pipeline %', name, users
      using errcode = 'dependent_objects_still_exist',
        hint = 'Let them refer to another one first; or force it: they then fail until it is set again.';
  end if;
  perform tide._restart_users_of_secret(name);
  delete from tide.secret s where s.name = secret_drop.name;
end $$;
comment on function tide.secret_drop(text, boolean) is
  'Drops a secret. Refuses while a pipeline refers to it, unless forced: then that pipeline fails until the secret is set again.';
