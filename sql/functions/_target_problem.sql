create or replace function tide._target_problem(target text) returns text
language plpgsql stable
as $$
begin
  if target is null then
    return 'must not be null';
  elsif lower(btrim(target)) in ('earliest', 'latest') then
    return null;
  elsif btrim(target) ~ '^[0-9]+$' then
    return case when btrim(target)::numeric > 9223372036854775807 then format('is not a message id: %s', target) end;
  end if;
  perform target::timestamptz;
  return null;
exception
  when data_exception then
    return format('must be earliest, latest, a message id or a timestamp, not "%s"', target);
end $$;
comment on function tide._target_problem(text) is
  'What is wrong with a place to start from or to seek to; null when nothing is.';
