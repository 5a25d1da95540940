create or replace function tide._name_problem(name text) returns text
language sql immutable
as $$
  select case
    when name is null then 'must not be null'
    when name = '' then 'must not be empty'
    when length(name) > 200 then format('must not be longer than 200 characters, but has %s', length(name))
    when name ~ '[[:cntrl:]]' then format('must not contain control characters: %s', to_json(name))
    when name ~ '^\s|\s$' then format('must not begin or end with a space: %s', to_json(name))
  end
$$;
comment on function tide._name_problem(text) is
  'What is wrong with the name of an outbox, a consumer group or a pipeline; null when nothing is.';
