-- A section is the part of an option's name before its dot: {"transform": {"filter": ...}} and
-- {"transform.filter": ...} give the same option.
create or replace function tide._config_entries(config jsonb)
returns table (path text, nested boolean, value jsonb)
language sql stable
as $$
  with top as (
    select e.key, e.value,
      jsonb_typeof(e.value) = 'object' and tide._is_section(e.key) as opened
    from jsonb_each(case jsonb_typeof(config) when 'object' then config else '{}' end) as e
  )
  select t.key, false, t.value from top t where not t.opened
  union all
  select t.key || '.' || e.key, true, e.value
  from top t, lateral jsonb_each(case when t.opened then t.value else '{}' end) as e
$$;
comment on function tide._config_entries(jsonb) is
  'What a configuration gives, by dotted name; nested says that it was written inside its section.';
