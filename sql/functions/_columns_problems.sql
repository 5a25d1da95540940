-- The same as pg_tide/config/columns.py.
create or replace function tide._columns_problems(path text, columns jsonb) returns setof text
language plpgsql stable
as $$
begin
  return query
    select format('%s[%s]: %s', path, c.place - 1, tide._column_problem(c.value))
    from jsonb_array_elements(columns) with ordinality as c (value, place)
    where tide._column_problem(c.value) is not null;
  if found then
    return;
  elsif columns = '[]' then
    return next path || ': must not be empty';
  else
    return query
      select path || ': ' || tide._shown(to_jsonb(n.name)) || ' is given twice'
      from (select btrim((regexp_match(c, '^ *("[^"]+"|[a-zA-Z_][a-zA-Z0-9_]*) '))[1], '"') as name
        from jsonb_array_elements_text(columns) as c) as n
      group by n.name having count(*) > 1;
  end if;
end $$;
comment on function tide._columns_problems(text, jsonb) is 'What is wrong with a list of columns and their types.';
