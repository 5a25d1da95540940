create or replace function tide._stored_secrets(names text[]) returns table (name text, key_id text, ciphertext bytea)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select s.name, s.key_id, s.ciphertext from tide.secret s where names is null or s.name = any (names) order by s.name
$$;
comment on function tide._stored_secrets(text[]) is 'Secrets of these names, encrypted; all of them for null.';
