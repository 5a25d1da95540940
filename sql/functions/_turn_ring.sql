create or replace function tide._turn_ring(outbox_id int) returns boolean
language plpgsql
as $$
declare
  ring      tide.outbox;
  next_slot int2;
begin
  select o.* into ring from tide.outbox o where o.id = outbox_id;
  next_slot := (ring.current_slot + 1) % ring.slots;
  if not tide._ring_is_due(outbox_id) then
    return false;
  end if;
  select o.* into ring from tide.outbox o where o.id = outbox_id for no key update skip locked;
  if not found or (ring.current_slot + 1) % ring.slots <> next_slot then
    return false;  -- another sweep is at it
  end if;
  perform tide._refuse_foreign_outbox(outbox_id);
  update tide.outbox o set current_slot = next_slot, slot_since = clock_timestamp() where o.id = outbox_id;
  perform tide._stamp_outbox(outbox_id);
  return true;
end $$;
comment on function tide._turn_ring(int) is
  'Moves publishers on to the next slot when the current one holds messages, is old enough, and the next one is empty; whether it did.';
