-- The same words as pg_tide/words.py.
create or replace function tide._shown(value jsonb) returns text
language sql immutable
as $$
  select case coalesce(jsonb_typeof(value), 'null')
    when 'object' then 'an object'
    when 'array' then 'an array'
    when 'null' then 'null'
    else case when length(value::text) > 60 then left(value::text, 57) || '...' else value::text end
  end
$$;
comment on function tide._shown(jsonb) is
  'How a value appears in a sentence: a scalar as it is in JSON, cut when long; anything else by its kind.';
