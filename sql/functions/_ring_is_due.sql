create or replace function tide._ring_is_due(outbox_id int) returns boolean
language plpgsql volatile
as $$
declare
  ring tide.outbox;
begin
  select o.* into ring from tide.outbox o where o.id = outbox_id;
  -- At most once in retention / (slots - 1): faster, the ring would run through its empty slots
  -- and pile everything that is still awaited into one.
  return not (clock_timestamp() < ring.slot_since + make_interval(secs => (ring.retention_hours * 3600 / (ring.slots - 1))::float8)
    or not tide._slot_has_rows(outbox_id, ring.current_slot)
    or tide._slot_has_rows(outbox_id, ((ring.current_slot + 1) % ring.slots)::int2));
end $$;
comment on function tide._ring_is_due(int) is
  'Whether publishers should move on to the next slot: the current one holds messages and is old enough, and the next one is empty.';
