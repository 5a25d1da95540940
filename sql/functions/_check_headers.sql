create or replace function tide._check_headers(headers jsonb) returns void
language plpgsql immutable
as $$
declare
  wrong record;
begin
  if jsonb_typeof(headers) <> 'object' then
    raise exception 'headers must be an object of strings, not %', jsonb_typeof(headers)
      using errcode = 'invalid_parameter_value',
        hint = 'Write them as jsonb_build_object(''trace'', ''abc'').';
  end if;
  select h.key, jsonb_typeof(h.value) as type into wrong
    from jsonb_each(headers) as h where jsonb_typeof(h.value) <> 'string' limit 1;
  if found then
    raise exception 'header "%" must be a string, not %', wrong.key, wrong.type
      using errcode = 'invalid_parameter_value',
        hint = 'Headers are a flat object of strings; convert the value with ::text first.';
  end if;
end $$;
comment on function tide._check_headers(jsonb) is 'Raises 22023 unless headers are a flat object of strings.';
