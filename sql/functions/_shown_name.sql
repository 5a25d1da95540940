create or replace function tide._shown_name(name text) returns text
language sql immutable
as $$
  select case when name ~ '^[A-Za-z0-9_.-]{1,60}$' then name else tide._shown(to_jsonb(name)) end
$$;
comment on function tide._shown_name(text) is
  'How a name appears in a sentence: as it is where it is plain, else as a string.';
