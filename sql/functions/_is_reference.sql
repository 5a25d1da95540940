-- The same as pg_tide/config/references.py. What it stands for is known to the relay alone.
create or replace function tide._is_reference(value jsonb) returns boolean
language sql immutable
as $$ select coalesce(jsonb_typeof(value) = 'string' and strpos(value #>> '{}', '${') > 0, false) $$;
comment on function tide._is_reference(jsonb) is 'Whether a value is, or holds, what must be a reference.';
