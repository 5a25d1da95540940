-- The same as pg_tide/config/values.py. What a reference stands for is the relay's to check.
create or replace function tide._value_problems(declared tide.option, value jsonb) returns setof text
language plpgsql stable
as $$
declare
  read jsonb := tide._option_value(declared.type, value);
  plain text := read #>> '{}';
  limits text := format('between %s and %s', declared.minimum, declared.maximum);
  expected text;
begin
  if declared.reference and tide._is_reference(value) then
    return query select declared.name || ': ' || p from tide._reference_problems(value #>> '{}') p;
    return;
  elsif tide._is_misplaced(value) then
    return next declared.name || ': references like ${env:NAME} are for connection options only';
    return;
  elsif read is null or not coalesce(plain = any (declared.choices), true) then
    expected := tide._expected(declared);
  elsif declared.type = 'integer' and plain::int8 not between declared.minimum and declared.maximum then
    expected := 'be ' || limits;
  elsif declared.type = 'text' and length(plain) not between declared.minimum and declared.maximum then
    expected := 'have ' || limits || ' characters';
  end if;
  if expected is not null then
    return next format('%s: must %s', declared.name, expected)
      || case when declared.secret then '' else ', not ' || tide._shown(value) end;
  elsif declared.format is not null then
    return query select tide._format_problems(declared.format, declared.name, read);
  end if;
end $$;
comment on function tide._value_problems(tide.option, jsonb) is
  'A sentence for everything wrong with the value given for an option.';
