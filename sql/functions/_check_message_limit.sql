create or replace function tide._check_message_limit(max_message_bytes int) returns void
language plpgsql immutable
as $$
begin
  if max_message_bytes < 0 then
    raise exception 'max_message_bytes must not be negative, but is %', max_message_bytes
      using errcode = 'invalid_parameter_value', hint = 'Use 0 for no limit.';
  end if;
end $$;
comment on function tide._check_message_limit(int) is 'Raises 22023 for a negative size.';
