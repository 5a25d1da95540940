create or replace function tide._header_map_problems(path text, headers jsonb) returns setof text
language sql immutable
as $$
  select path || ': a header needs a name' from jsonb_each(headers) as h where h.key = ''
  union all
  select tide._shown_name(path || '.' || h.key) || ': ' || p.problem
  from jsonb_each(headers) as h,
    lateral (
      select 'must be a string, not ' || tide._shown(h.value) where tide._option_value('text', h.value) is null
      union all
      select 'references like ${env:NAME} are for connection options only' where tide._is_misplaced(h.value)
      union all
      select tide._template_problems(tide._option_value('text', h.value) #>> '{}')
        where not tide._is_misplaced(h.value)
    ) as p (problem)
$$;
comment on function tide._header_map_problems(text, jsonb) is
  'What is wrong with an object of header names and templates.';
