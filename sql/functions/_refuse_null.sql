create or replace function tide._refuse_null(what text, value text, hint text) returns void
language plpgsql immutable
as $$
begin
  if value is null then
    raise exception '% must not be null', what
      using errcode = 'null_value_not_allowed', hint = _refuse_null.hint;
  end if;
end $$;
comment on function tide._refuse_null(text, text, text) is 'Raises 22004 when an argument is null.';
