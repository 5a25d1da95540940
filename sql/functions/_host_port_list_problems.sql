create or replace function tide._host_port_list_problems(list text) returns setof text
language sql immutable
as $$
  select p.problem
  from regexp_split_to_table(list, ',') as entry,
    lateral tide._host_port_problem(btrim(entry, E' \t\n\r')) as p (problem)
  where p.problem is not null
$$;
comment on function tide._host_port_list_problems(text) is
  'What is wrong with a list of host:port, separated by commas.';
