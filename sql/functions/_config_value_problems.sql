create or replace function tide._config_value_problems(config jsonb)
returns table (option text, problem text)
language sql stable
as $$
  select o.name, p.problem
  from tide.option o
    left join tide._config_given(config) given on given.option = o.name,
    lateral (
      select o.name || ': required' where o.required and given.value is null
      union all
      select tide._value_problems(o, given.value) where given.value is not null
    ) as p (problem)
$$;
comment on function tide._config_value_problems(jsonb) is
  'What is wrong with the values of a configuration, each by itself.';
