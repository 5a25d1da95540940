-- The same as pg_tide/config/scalars.py. Whole numbers of more than 18 digits are all alike:
-- beyond every limit.
create or replace function tide._option_value(type text, value jsonb) returns jsonb
language sql immutable
as $$
  select case
    when type in ('object', 'array') and kind = type then value
    when type = 'schema' and kind in ('string', 'object') then value
    when type = 'list' and kind = 'string' then (
      select jsonb_agg(btrim(e.name, E' \t\n\r') order by e.place)
      from regexp_split_to_table(plain, ',') with ordinality as e (name, place))
    when type = 'list' and kind = 'array' then (
      select case when coalesce(bool_and(jsonb_typeof(e.name) = 'string'), true)
        then coalesce(jsonb_agg(btrim(e.name #>> '{}', E' \t\n\r') order by e.place), '[]') end
      from jsonb_array_elements(value) with ordinality as e (name, place))
    when type = 'boolean' and kind = 'boolean' then value
    when type = 'boolean' and value in ('"true"', '"false"') then plain::jsonb
    when type = 'text' and kind = 'string' then value
    when type = 'text' and kind = 'number' and plain ~ '^-?[0-9]{1,18}$' then to_jsonb(plain)
    when type = 'integer' and kind in ('string', 'number') and plain ~ '^-?[0-9]+$' then
      case when length(ltrim(plain, '-')) <= 18 then to_jsonb(plain::int8)
        when left(plain, 1) = '-' then to_jsonb(-1000000000000000000)
        else to_jsonb(1000000000000000000) end
    end
  from (select jsonb_typeof(value) as kind, value #>> '{}' as plain) as given
$$;
comment on function tide._option_value(text, jsonb) is
  'A value as an option''s type, forgiving where the intent is plain ("100" is a number); null where it is none.';
