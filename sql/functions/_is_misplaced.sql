create or replace function tide._is_misplaced(value jsonb) returns boolean
language sql immutable
as $$ select jsonb_typeof(value) = 'string' and value #>> '{}' ~ '\$\{(env|file|secret):' $$;
comment on function tide._is_misplaced(jsonb) is 'Whether a value has a reference, of an option in which none is resolved.';
