create or replace function tide._check_retention(retention_hours numeric) returns void
language plpgsql immutable
as $$
begin
  perform tide._refuse_null('retention_hours', retention_hours::text, 'Say how many hours, as in retention_hours => 24.');
  if not retention_hours between 0 and 876000 then
    raise exception 'retention_hours must be between 0 and 876000, not %', retention_hours
      using errcode = 'invalid_parameter_value',
        hint = 'Fractions are allowed, and 0 keeps messages only until they are delivered; 876000 is a hundred years.';
  end if;
end $$;
comment on function tide._check_retention(numeric) is 'Raises 22023 for a retention that is negative or beyond a century.';
