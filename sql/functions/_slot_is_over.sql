create or replace function tide._slot_is_over(outbox_id int, slot int2) returns boolean
language plpgsql volatile
as $$
begin
  return tide._slot_is_expired(outbox_id, slot) and not tide._slot_is_awaited(outbox_id, slot);
end $$;
comment on function tide._slot_is_over(int, int2) is
  'Whether a slot holds messages, all of them expired and delivered to every consumer group.';
