create or replace function tide._retention_held_by(outbox_id int) returns text
language sql stable
as $$
  with expired as (
    select s.slot
      from tide.outbox o, generate_series(0, o.slots - 1) as s (slot)
      where o.id = $1 and s.slot <> o.current_slot and tide._slot_is_expired(o.id, s.slot::int2)
  ), readers as (
    select string_agg(distinct format('consumer group "%s"', g.name), ', ') as names
      from expired e, tide.consumer_group g join tide.position p on p.group_id = g.id
      where g.outbox_id = $1
        and (p.seek_request is not null or (select w.pending > 0 from tide._pending(g.id, 0, e.slot) as w))
  )
  select coalesce(r.names, (
    select string_agg(distinct tide._sessions_using(format('tide.message_%s_%s', $1, e.slot)::regclass), ', ') from expired e))
  from readers r
$$;
comment on function tide._retention_held_by(int) is
  'Who keeps messages that have expired from being let go: consumer groups that have yet to deliver them, or else sessions that use their slot; null when nobody does.';
