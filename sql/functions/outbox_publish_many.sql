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
  target    int;
  into_slot int2;
  max_bytes int;
  wake      regclass;
  largest   int;
  written   int;
begin
  select o.id, o.current_slot, o.max_message_bytes, o.wake_sequence into target, into_slot, max_bytes, wake
    from tide.outbox o where o.name = outbox_publish_many.outbox and o.enabled;
  if target is null then
    perform tide._refuse_publish(outbox, 'insert');
  end if;
  perform tide._check_arrays(payloads, dedup_keys, headers, ops, keys);
  if headers is not null then
    perform tide._check_headers(h) from unnest(headers) as h where not tide._are_headers(h);
  end if;
  if ops is not null then
    perform tide._refuse_publish(outbox, o) from unnest(ops) as o where o = '';
  end if;
  if max_bytes is not null then
    select max(octet_length(p::text)) into largest from unnest(payloads) as p;
    if largest > max_bytes then
      perform tide._message_too_large(outbox, largest, max_bytes);
    end if;
  end if;
  insert into tide.message (outbox_id, slot, op, key, dedup_key, headers, payload)
    select target, into_slot, coalesce(m.op, 'insert'), coalesce(m.key, m.dedup_key),
           m.dedup_key, m.header, m.payload
      from unnest(payloads, dedup_keys, outbox_publish_many.headers, ops, keys)
        with ordinality as m (payload, dedup_key, header, op, key, place)
      order by m.place;
  get diagnostics written = row_count;
  if written > 0 and pg_sequence_last_value(wake) > extract(epoch from clock_timestamp()) then
    perform pg_notify('tide_wake', target::text);
  end if;
  return written;
end $$;
comment on function tide.outbox_publish_many(text, jsonb[], text[], jsonb[], text[], text[]) is
  'Publishes many messages in array order, in one statement of the caller''s transaction; returns how many. A null array, or a null in one, means that column''s default.';
