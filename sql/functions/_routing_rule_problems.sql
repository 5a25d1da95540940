create or replace function tide._routing_rule_problems(path text, rule jsonb) returns setof text
language plpgsql stable
as $$
declare
  by_when  boolean := coalesce(rule -> 'when', 'null') <> 'null';
  by_field boolean := coalesce(rule -> 'match_field', 'null') <> 'null';
  by_value boolean := coalesce(rule -> 'match_value', 'null') <> 'null';
begin
  if jsonb_typeof(rule) <> 'object' then
    return next path || ': must be an object, not ' || tide._shown(rule);
    return;
  end if;
  return query select tide._routing_member_problems(path, m.key, m.value)
    from jsonb_each(rule) as m
    where m.value <> 'null' or m.key not in ('when', 'match_field', 'match_value', 'topic', 'message_key');
  if coalesce(rule -> 'topic', 'null') = 'null' then
    return next path || '.topic: required';
  end if;
  if by_when and (by_field or by_value) then
    return next path || ': when conflicts with match_field and match_value; a rule has one condition';
  elsif not (by_when or by_field and by_value) then
    return next path || ': needs a condition: when, or match_field and match_value';
  end if;
end $$;
comment on function tide._routing_rule_problems(text, jsonb) is
  'What is wrong with one routing rule; path names it.';
