-- Every call pays for each expression and each column: hence few columns, one condition for all
-- that is rare, and currval, which costs less than RETURNING does where there are partitions.
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
  target    int;
  into_slot int2;
  max_bytes int;
  wake      regclass;
begin
  select o.id, o.current_slot, o.max_message_bytes, o.wake_sequence into target, into_slot, max_bytes, wake
    from tide.outbox o where o.name = outbox_publish.outbox and o.enabled;
  if target is null or op is null or op = '' or headers is not null or max_bytes is not null then
    if target is null or op is null or op = '' then
      perform tide._refuse_publish(outbox, op);
    elsif not tide._are_headers(headers) then
      perform tide._check_headers(headers);
    elsif max_bytes is not null then
      if octet_length(payload::text) > max_bytes then
        perform tide._message_too_large(outbox, octet_length(payload::text), max_bytes);
      end if;
    end if;
  end if;
  insert into tide.message (outbox_id, slot, op, key, dedup_key, headers, payload)
    values (target, into_slot, outbox_publish.op, coalesce(outbox_publish.key, outbox_publish.dedup_key),
            outbox_publish.dedup_key, outbox_publish.headers, outbox_publish.payload);
  -- After the insert: read before it, a flag raised in between would be missed. Mostly it is down.
  if pg_sequence_last_value(wake) > 0 then
    if pg_sequence_last_value(wake) > extract(epoch from clock_timestamp()) then
      perform pg_notify('tide_wake', target::text);
    end if;
  end if;
  return currval('tide.message_id_seq');
end $$;
comment on function tide.outbox_publish(text, jsonb, text, jsonb, text, text) is
  'Publishes one message in the caller''s transaction and returns its id. key orders (default: dedup_key); a null payload is a tombstone.';
