create or replace function tide._warn_of_clear_secrets(pipeline text, config jsonb) returns void
language plpgsql
as $$
declare
  clear text;
begin
  select string_agg(o.name, ', ' order by o.name) into clear
    from tide.option o where o.secret and tide._is_in_clear(tide._config_value(config, o.name));
  if clear is not null then
    raise warning 'pipeline "%" holds secrets in clear: %', pipeline, clear
      using hint = 'Refer to them instead, as ${env:NAME}, ${file:/path} or ${secret:NAME} (see "pg-tide secret"), which the relay resolves.';
  end if;
end $$;
comment on function tide._warn_of_clear_secrets(text, jsonb) is 'Warns when a secret, or a part of one, is not given by reference.';
