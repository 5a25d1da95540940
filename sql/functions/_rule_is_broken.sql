-- A rule looks at one option, "when" given (or one of an array; or "unset"), and at another:
-- "other" given (or one of an array), "above" a number, or "at_most": the first no greater than it.
-- The same as pg_tide/config/rules.py.
create or replace function tide._rule_is_broken(
  rule        tide.option_rule,
  value       jsonb,
  value_given boolean,
  other       jsonb,
  other_given boolean
) returns boolean
language sql immutable
as $$
  select coalesce(
    case when rule.value ? 'unset' then not value_given
      else tide._rule_holds(rule.value -> 'when', value, value_given) end
    and (case
        when not rule.value ?| array['at_most', 'above'] then
          tide._rule_holds(rule.value -> 'other', other, other_given)
        when tide._is_reference(value) or tide._is_reference(other) then null
        when rule.value ? 'above' then coalesce(other > rule.value -> 'above', false)
        else coalesce(value <= other, true)
      end) = (rule.kind <> 'requirement'),
    false)
$$;
comment on function tide._rule_is_broken(tide.option_rule, jsonb, boolean, jsonb, boolean) is
  'Whether the values of two options, defaults included, break a rule for certain: a conflict or a warning where both sides hold, a requirement where only the first does.';
