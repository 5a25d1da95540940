-- One expression, which is inlined where it is called: a call for each message would cost more than
-- its look. Not lax: that would look into arrays, and take ["a"] for a string.
create or replace function tide._are_headers(headers jsonb) returns boolean
language sql immutable
as $$
  select jsonb_typeof(headers) = 'object'
    and not jsonb_path_exists(headers, 'strict $.* ? (@.type() <> "string")')
$$;
comment on function tide._are_headers(jsonb) is 'Whether headers are a flat object of strings; null for null.';
