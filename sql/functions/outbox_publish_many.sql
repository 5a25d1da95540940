create or replace function tide.outbox_publish_many(
  outbox     text,
  payloads   jsonb[],
  dedup_keys text[]  default null,
  headers    jsonb[] default null,
  ops        text[]  default null,
  keys       text[]  default null
) returns int
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  target  tide.outbox;
  largest int;
  written int;
begin
  select o.* into target from tide.outbox o where o.name = outbox_publish_many.outbox;
  if not found or not target.enabled then
    perform tide._refuse_publish(outbox, 'insert');
  end if;
  perform tide._check_arrays(payloads, dedup_keys, headers, ops, keys);
  perform tide._check_headers(h) from unnest(headers) as h where h is not null;
  perform tide._refuse_publish(outbox, o) from unnest(ops) as o where o = '';
  if target.max_message_bytes is not null then
    select max(octet_length(p::text)) into largest from unnest(payloads) as p;
    if largest > target.max_message_bytes then
      perform tide._message_too_large(outbox, largest, target.max_message_bytes);
    end if;
  end if;
  insert into tide.message (outbox_id, slot, op, key, dedup_key, headers, payload)
    select target.id, target.current_slot, coalesce(m.op, 'insert'), coalesce(m.key, m.dedup_key),
           m.dedup_key, m.header, m.payload
      from unnest(payloads, dedup_keys, outbox_publish_many.headers, ops, keys)
        with ordinality as m (payload, dedup_key, header, op, key, place)
      order by m.place;
  get diagnostics written = row_count;
  if written > 0 and pg_sequence_last_value(target.wake_sequence) > extract(epoch from clock_timestamp()) then
    perform pg_notify('tide_wake', target.id::text);
  end if;
  return written;
end $$;
comment on function tide.outbox_publish_many(text, jsonb[], text[], jsonb[], text[], text[]) is
  'Publishes many messages in array order, in one statement of the caller''s transaction; returns how many. A null array, or a null in one, means that column''s default.';
