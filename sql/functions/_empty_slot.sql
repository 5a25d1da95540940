create or replace function tide._empty_slot(outbox_id int, slot int2) returns boolean
language plpgsql
as $$
declare
  leaf text := format('tide.message_%s_%s', outbox_id, slot);
begin
  if not tide._slot_is_over(outbox_id, slot) then
    return false;
  end if;
  begin
    execute format('lock table %s in access exclusive mode nowait', leaf);
  exception
    when lock_not_available then
      return false;  -- somebody still writes or reads there; waiting would stall all who come after
  end;
  -- Again, in a statement later than the lock: an older snapshot would miss what was published meanwhile.
  if not tide._slot_is_over(outbox_id, slot) then
    return false;
  end if;
  execute format('truncate %s', leaf);
  return true;
end $$;
comment on function tide._empty_slot(int, int2) is
  'Truncates a slot if it holds messages, all delivered and expired, and nobody uses it this moment; whether it did.';
