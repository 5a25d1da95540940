create or replace function tide._check_name(what text, name text) returns void
language plpgsql immutable
as $$
declare
  problem text := tide._name_problem(name);
begin
  if problem is not null then
    raise exception '% %', what, problem
      using errcode = case when name is null then 'null_value_not_allowed' else 'invalid_name' end,
        hint = 'A name has 1 to 200 characters, no control characters, and no space at either end.';
  end if;
end $$;
comment on function tide._check_name(text, text) is
  'Raises 22004 for a null name, 42602 for another that cannot be one.';
