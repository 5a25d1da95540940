create or replace function tide._masked(config jsonb, path text default null) returns jsonb
language sql stable
as $$
  select case
    when config = 'null' then config
    when exists (select from tide.option o where o.name = path and o.secret) then
      case when tide._is_in_clear(config) then '"********"' else config end
    when jsonb_typeof(config) = 'object' then (
      select coalesce(jsonb_object_agg(e.key, tide._masked(e.value, concat_ws('.', path, e.key))), '{}')
        from jsonb_each(config) as e)
    when jsonb_typeof(config) = 'array' then (
      select coalesce(jsonb_agg(tide._masked(e.value, path || '[]') order by e.place), '[]')
        from jsonb_array_elements(config) with ordinality as e (value, place))
    else config
  end
$$;
comment on function tide._masked(jsonb, text) is
  'A configuration with ******** in place of its secrets in clear, whether their names are dotted or nested.';
