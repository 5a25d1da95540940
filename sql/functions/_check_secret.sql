-- Shows neither the key's id nor the ciphertext: they may be a secret in clear, given by mistake.
create or replace function tide._check_secret(name text, key_id text, ciphertext bytea) returns void
language plpgsql immutable
as $$
begin
  perform tide._refuse_null('name', name, 'Name the secret, as pipelines refer to it.');
  if name !~ '^[A-Za-z0-9_.-]{1,200}$' then
    raise exception '% cannot be the name of a secret', tide._shown(to_jsonb(name))
      using errcode = 'invalid_name',
        hint = 'A name has 1 to 200 of a-z, A-Z, 0-9, "_", "." and "-".';
  end if;
  if (key_id ~ '^[0-9a-f]{16}$' and length(ciphertext) between 28 and 70000) is not true then
    raise exception 'secret "%" is not encrypted', name
      using errcode = 'invalid_parameter_value',
        hint = format('Set it with "pg-tide secret set %s". If it was sent here in clear, change it where it is from.', name);
  end if;
end $$;
comment on function tide._check_secret(text, text, bytea) is
  'Raises 22004 or 42602 for what is no name of a secret, 22023 for what pg-tide cannot have encrypted.';
