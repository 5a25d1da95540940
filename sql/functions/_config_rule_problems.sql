-- The same as pg_tide/config/rules.py.
create or replace function tide._config_rule_problems(config jsonb, wrong text[]) returns setof text
language sql stable
as $$
  select r.option || ': '
    || replace(replace(r.message, '{value}', tide._shown(v.value)), '{other}', tide._shown(v.other))
    || coalesce('; ' || r.hint, '')
  from tide.option_rule r,
    lateral (select tide._config_value(config, r.option) as value,
      tide._config_value(config, r.other) as other) as v
  where r.option <> all (wrong) and r.other <> all (wrong)
    and tide._rule_is_broken(r, v.value, v.other)
$$;
comment on function tide._config_rule_problems(jsonb, text[]) is
  'A sentence for each rule across options that a configuration breaks; not of options already found wrong.';
