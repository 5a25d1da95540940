create or replace function tide.secret_rotate(name text, old_ciphertext bytea, key_id text, ciphertext bytea) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform tide._existing_secret(name);
  perform tide._check_secret(name, key_id, ciphertext);
  update tide.secret s set key_id = secret_rotate.key_id, ciphertext = secret_rotate.ciphertext
    where s.name = secret_rotate.name and s.ciphertext = old_ciphertext;
  if not found then
    raise exception 'secret "%" was set meanwhile', name
      using errcode = 'serialization_failure',
        hint = 'Nothing was changed. Rotate again.';
  end if;
end $$;
comment on function tide.secret_rotate(text, bytea, text, bytea) is
  'Replaces a secret by the same value under another key, as "pg-tide secret rotate" does; pipelines go on. Refuses when it is no longer the one that was read.';
