-- The same as tide.outbox_publish, step by step, but for what it carries.
create or replace function tide.outbox_publish_bytes(
  outbox    text,
  payload   bytea,
  dedup_key text  default null,
  headers   jsonb default null,
  op        text  default 'insert',
  key       text  default null
) returns bigint
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  target    int;
  into_slot int2;
  max_bytes int;
  wake      regclass;
begin
  select o.id, o.current_slot, o.max_message_bytes, o.wake_sequence into target, into_slot, max_bytes, wake
    from tide.outbox o where o.name = outbox_publish_bytes.outbox and o.enabled;
  if target is null or op is null or op = '' then
    perform tide._refuse_publish(outbox, op);
  elsif headers is not null and not tide._are_headers(headers) then
    perform tide._check_headers(headers);
  elsif octet_length(payload) > max_bytes then
    perform tide._message_too_large(outbox, octet_length(payload), max_bytes);
  end if;
  insert into tide.message (outbox_id, slot, op, key, dedup_key, headers, payload_bytes)
    values (target, into_slot, outbox_publish_bytes.op,
            coalesce(outbox_publish_bytes.key, outbox_publish_bytes.dedup_key),
            outbox_publish_bytes.dedup_key, outbox_publish_bytes.headers, outbox_publish_bytes.payload);
  if pg_sequence_last_value(wake) > extract(epoch from clock_timestamp()) then
    perform pg_notify('tide_wake', target::text);
  end if;
  return currval('tide.message_id_seq');
end $$;
comment on function tide.outbox_publish_bytes(text, bytea, text, jsonb, text, text) is
  'Publishes one message of bytes that are encoded already, for wire_format raw, in the caller''s transaction and returns its id. A null payload is a tombstone.';
