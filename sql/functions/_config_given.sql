create or replace function tide._config_given(config jsonb) returns table (option text, value jsonb)
language sql stable
as $$
  select distinct on (o.name) o.name, e.value
  from tide._config_entries(config) e join tide.option o on o.name = e.path
  where e.value <> 'null'
  order by o.name, e.nested
$$;
comment on function tide._config_given(jsonb) is
  'The options that a configuration gives; a null counts as not given.';
