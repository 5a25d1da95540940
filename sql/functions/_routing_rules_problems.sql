-- The same as pg_tide/config/routing_rules.py.
create or replace function tide._routing_rules_problems(path text, rules jsonb) returns setof text
language sql stable
as $$
  select format('%s: must have at most 100 rules, not %s', path, jsonb_array_length(rules))
  where jsonb_array_length(rules) > 100
  union all
  select tide._routing_rule_problems(format('%s[%s]', path, r.place - 1), r.rule)
  from jsonb_array_elements(rules) with ordinality as r (rule, place)
  where jsonb_array_length(rules) <= 100
$$;
comment on function tide._routing_rules_problems(text, jsonb) is
  'What is wrong with an array of routing rules; path names it.';
