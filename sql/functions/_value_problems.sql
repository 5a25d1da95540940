-- The same as pg_tide/config/values.py.
create or replace function tide._value_problems(declared tide.option, value jsonb) returns setof text
language plpgsql stable
as $$
declare
  read jsonb := tide._option_value(declared.type, value);
  plain text := read #>> '{}';
  limits text := format('between %s and %s', declared.minimum, declared.maximum);
  expected text;
begin
  if read is null or not coalesce(plain = any (declared.choices), true) then
    expected := tide._expected(declared);
  elsif declared.type = 'integer' and plain::int8 not between declared.minimum and declared.maximum then
    expected := 'be ' || limits;
  elsif declared.type = 'text' and length(plain) not between declared.minimum and declared.maximum then
    expected := 'have ' || limits || ' characters';
  end if;
  if expected is not null then
    return next format('%s: must %s, not %s', declared.name, expected, tide._shown(value));
  elsif declared.format is not null then
    return query select tide._format_problems(declared.format, declared.name, read);
  end if;
end $$;
comment on function tide._value_problems(tide.option, jsonb) is
  'A sentence for everything wrong with the value given for an option.';
