create or replace function tide._expected(declared tide.option) returns text
language sql immutable
as $$
  select 'be ' || case
    when declared.choices is not null then
      case when cardinality(declared.choices) > 1 then 'one of ' else '' end
        || array_to_string(declared.choices, ', ')
    when declared.type = 'integer' then 'a whole number'
    when declared.type = 'boolean' then 'true or false'
    when declared.type = 'object' then 'an object'
    when declared.type = 'array' then 'an array'
    when declared.type = 'list' then 'an array of strings, or a string with commas'
    when declared.type = 'schema' then 'a string or an object'
    else 'a string'
    end
$$;
comment on function tide._expected(tide.option) is 'What a value of an option must be, in words.';
