create or replace function tide.secret_set(name text, key_id text, ciphertext bytea) returns text
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  was_there boolean := exists (select from tide.secret s where s.name = secret_set.name);
begin
  perform tide._check_secret(name, key_id, ciphertext);
  insert into tide.secret as s (name, key_id, ciphertext)
    values (secret_set.name, secret_set.key_id, secret_set.ciphertext)
    on conflict on constraint secret_pkey
      do update set key_id = excluded.key_id, ciphertext = excluded.ciphertext, set_at = excluded.set_at;
  perform tide._restart_users_of_secret(name);
  return case when was_there then 'updated' else 'created' end;
end $$;
comment on function tide.secret_set(text, text, bytea) is
  'Stores a secret that "pg-tide secret set" encrypted, under a name that pipelines refer to as ${secret:NAME}; those that do start anew, and no others. Returns created or updated.';
