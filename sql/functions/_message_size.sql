create or replace function tide._message_size(
  key text, dedup_key text, headers jsonb, payload jsonb, payload_bytes bytea, before jsonb
) returns bigint
language sql stable
as $$
  -- pg_column_size does not read what is stored out of line, and nothing is stored compressed.
  select 200::bigint + coalesce(octet_length($1), 0) + coalesce(octet_length($2), 0) + coalesce(pg_column_size($3), 0)
    + coalesce(pg_column_size($4), 0) + coalesce(pg_column_size($5), 0) + coalesce(pg_column_size($6), 0)
$$;
comment on function tide._message_size(text, text, jsonb, jsonb, bytea, jsonb) is
  'About how many bytes of memory a message takes in the relay; cheap, for it does not read the message.';
