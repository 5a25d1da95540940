-- The same as pg_tide/config/columns.py, with its regular expressions.
create or replace function tide._column_problem(declared jsonb) returns text
language plpgsql immutable
as $$
declare
  written text;
begin
  if jsonb_typeof(declared) = 'string' then
    written := (regexp_match(declared #>> '{}',
      '^ *(?:"[^"]+"|[a-zA-Z_][a-zA-Z0-9_]*) +([^''"]*?)(?: +[nN][oO][tT] +[nN][uU][lL][lL])?'
      || '(?: +[dD][eE][fF][aA][uU][lL][tT] +'
      || '(?:''[^'']*''|[tT][rR][uU][eE]|[fF][aA][lL][sS][eE]|-?[0-9]+(?:\.[0-9]+)?))? *$'))[1];
  end if;
  if written is null then
    return 'must be a column like "price numeric(10,2) not null", not ' || tide._shown(declared);
  elsif lower(written collate "C") !~ ('^(?:smallint|int2|integer|int|int4|bigint|int8|oid|real|float4'
      || '|double precision|float8|boolean|bool|text|citext|name|xml|inet|cidr|macaddr|uuid|json|jsonb'
      || '|bytea|date|(?:character varying|varchar|character|char|bpchar)(?: ?\([0-9]{1,8}\))?'
      || '|(?:timetz|timestamptz|(?:time|timestamp)(?: with time zone| without time zone)?)'
      || '|(?:time|timestamp) ?\([0-6]\)(?: with time zone| without time zone)?'
      || '|(?:timetz|timestamptz) ?\([0-6]\)'
      || '|(?:numeric|decimal)(?: ?\( ?[0-9]{1,4} ?(?:, ?[0-9]{1,4} ?)?\))?)(?:\[\])?$') then
    return 'has a type that is not known here: ' || tide._shown(to_jsonb(written));
  end if;
  return null;
end $$;
comment on function tide._column_problem(jsonb) is 'What is wrong with a column and its type, null where nothing is.';
