create or replace function tide._variable_problems(name text) returns setof text
language sql immutable
as $$
  select 'must be a variable without braces, like op or payload.type, not ' || tide._shown(to_jsonb(name))
    where name = '' or name ~ '[{}]'
  union all
  select tide._template_problems('{' || name || '}') where name <> '' and name !~ '[{}]'
$$;
comment on function tide._variable_problems(text) is
  'What is wrong with the name of a variable, written without braces.';
