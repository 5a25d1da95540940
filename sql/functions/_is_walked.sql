create or replace function tide._is_walked(outbox_id int, done pg_snapshot, floor_id bigint, max_messages int) returns boolean
language plpgsql stable
set enable_bitmapscan = off
as $$
begin
  if not tide._is_large(outbox_id, done) then
    return false;
  end if;
  -- What is delivered between the floor and the window may take longer to walk over than to sort.
  perform from (
      select m.xid from tide.message m
        where m.outbox_id = _is_walked.outbox_id and m.id > floor_id
        order by m.id limit 100000
    ) as w
    where not pg_visible_in_snapshot(w.xid, done)
    offset max_messages limit 1;
  return found;
end $$;
comment on function tide._is_walked(int, pg_snapshot, bigint, int) is
  'Whether the first page of the window that begins where done ends is sooner found by walking the messages by id, from the floor on, than by sorting the window: it is large, and begins near.';
