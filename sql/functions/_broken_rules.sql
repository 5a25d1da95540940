create or replace function tide._broken_rules(config jsonb, wrong text[] default '{}')
returns table (kind text, problem text)
language sql stable
as $$
  select r.kind, r.option || ': '
    || replace(replace(r.message, '{value}', tide._shown(v.value)), '{other}', tide._shown(v.other))
    || coalesce('; ' || r.hint, '')
  from tide.option_rule r,
    lateral (select tide._config_value(config, r.option) as value,
      tide._config_value(config, r.other) as other) as v
  where r.option <> all (wrong) and r.other <> all (wrong)
    and tide._rule_is_broken(r,
      v.value, exists (select from tide._config_given(config) g where g.option = r.option),
      v.other, exists (select from tide._config_given(config) g where g.option = r.other))
$$;
comment on function tide._broken_rules(jsonb, text[]) is
  'The rules across options that a configuration breaks, each as a kind and a sentence; not of options already found wrong.';
