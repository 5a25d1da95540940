-- The same as pg_tide/config/placements.py.
create or replace function tide._placements_problems(path text, placements jsonb) returns setof text
language sql immutable
as $$
  select path || ': must be like type:header:eventType, not ' || tide._shown(to_jsonb(p))
  from jsonb_array_elements_text(placements) as p
  where p !~ '^[A-Za-z0-9_.-]+:(header|envelope)(:[A-Za-z0-9_.-]+)?$'
$$;
comment on function tide._placements_problems(text, jsonb) is 'What is wrong with a list of places of an outbox''s fields.';
