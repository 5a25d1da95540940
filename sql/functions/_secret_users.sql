create or replace function tide._secret_users() returns table (secret text, pipeline text)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select s.secret, p.name from tide.pipeline p, lateral tide._secrets_in(p.config) as s (secret)
$$;
comment on function tide._secret_users() is 'Which pipeline refers to which secret, stored or not.';
