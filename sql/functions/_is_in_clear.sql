create or replace function tide._is_in_clear(value jsonb) returns boolean
language sql immutable
as $$ select coalesce(value #>> '{}' !~ '^(\$\{(env|file|secret):[^}]*\})+$', false) $$;
comment on function tide._is_in_clear(jsonb) is 'Whether a value, which is a secret, stands there itself or in part, not by references alone.';
