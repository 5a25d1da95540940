create or replace function tide._config_value(config jsonb, option text) returns jsonb
language sql stable
as $$
  select coalesce(tide._option_value(o.type, given.value), given.value, o.default_value)
  from tide.option o
    left join tide._config_given(config) given on given.option = o.name
  where o.name = _config_value.option
$$;
comment on function tide._config_value(jsonb, text) is
  'What a configuration says of an option, as the option''s type; else its default, null where it has none.';
