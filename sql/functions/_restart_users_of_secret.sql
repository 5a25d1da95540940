create or replace function tide._restart_users_of_secret(name text) returns void
language plpgsql
as $$
declare
  pipeline text;
begin
  for pipeline in
    update tide.pipeline p set revision = p.revision + 1
      where p.name in (select u.pipeline from tide._secret_users() u where u.secret = _restart_users_of_secret.name)
      returning p.name
  loop
    perform pg_notify('tide_config', pipeline);
  end loop;
end $$;
comment on function tide._restart_users_of_secret(text) is 'Has every pipeline start anew that refers to a secret, and no other.';
