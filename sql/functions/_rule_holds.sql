create or replace function tide._rule_holds(among jsonb, value jsonb, given boolean) returns boolean
language sql immutable
as $$
  select case when among is null then given
    when tide._is_reference(value) then null
    else coalesce(among @> value, false) end
$$;
comment on function tide._rule_holds(jsonb, jsonb, boolean) is
  'Whether a value is one of an array, or given where there is no array; null where it is a reference and nobody knows.';
