create or replace function tide.outbox_publish(
  outbox    text,
  payload   jsonb,
  dedup_key text  default null,
  headers   jsonb default null,
  op        text  default 'insert',
  key       text  default null
) returns bigint
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  target tide.outbox;
  new_id bigint;
begin
  select o.* into target from tide.outbox o where o.name = outbox_publish.outbox;
  if not found or not target.enabled or op is null or op = '' then
    perform tide._refuse_publish(outbox, op);
  end if;
  if headers is not null then
    perform tide._check_headers(headers);
  end if;
  if target.max_message_bytes is not null and octet_length(payload::text) > target.max_message_bytes then
    perform tide._message_too_large(outbox, octet_length(payload::text), target.max_message_bytes);
  end if;
  insert into tide.message (outbox_id, slot, op, key, dedup_key, headers, payload)
    values (target.id, target.current_slot, outbox_publish.op, coalesce(outbox_publish.key, outbox_publish.dedup_key),
            outbox_publish.dedup_key, outbox_publish.headers, outbox_publish.payload)
    returning id into new_id;
  -- After the insert: read before it, a flag raised in between would be missed.
  if pg_sequence_last_value(target.wake_sequence) > extract(epoch from clock_timestamp()) then
    perform pg_notify('tide_wake', target.id::text);
  end if;
  return new_id;
end $$;
comment on function tide.outbox_publish(text, jsonb, text, jsonb, text, text) is
  'Publishes one message in the caller''s transaction and returns its id. key orders (default: dedup_key); a null payload is a tombstone.';
