create or replace function tide._names_problems(path text, names jsonb) returns setof text
language sql immutable
as $$
  select path || ': must not be empty' where names = '[]'
  union all
  select path || ': an entry is empty; write names, separated by commas' where names ? ''
  union all
  select path || ': ' || tide._shown(to_jsonb(name)) || ' is given twice'
  from jsonb_array_elements_text(names) as name where not names ? '' group by name having count(*) > 1
$$;
comment on function tide._names_problems(text, jsonb) is 'What is wrong with a list of names.';
