-- A rule looks at one option's value, "when" given (or one of an array), and at another's: "other"
-- given (or one of an array), or "at_most": the first no greater than it.
create or replace function tide._rule_is_broken(rule tide.option_rule, value jsonb, other jsonb) returns boolean
language sql immutable
as $$
  select value is not null and coalesce(rule.value -> 'when' @> value, true)
    and (case when rule.value ? 'at_most' then coalesce(value <= other, true)
      else other is not null and coalesce(rule.value -> 'other' @> other, true) end)
      = (rule.kind = 'conflict')
$$;
comment on function tide._rule_is_broken(tide.option_rule, jsonb, jsonb) is
  'Whether the values of two options, null where unset, break a rule: a conflict where both sides hold, a requirement where only the first does.';
