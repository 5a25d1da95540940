-- Both questions are bounded, and asked of the one index that answers them whatever the statistics say.
create or replace function tide._is_walked(outbox_id int, done pg_snapshot, floor_id bigint, max_messages int) returns boolean
language plpgsql stable
set enable_bitmapscan = off
as $$
begin
  -- So few are sooner sorted.
  perform from (
      (select from tide.message m
        where m.outbox_id = _is_walked.outbox_id and m.xid = any (array(select pg_snapshot_xip(done)))
        order by m.xid limit 20001)
      union all
      (select from tide.message m
        where m.outbox_id = _is_walked.outbox_id and m.xid >= pg_snapshot_xmax(done)
        order by m.xid limit 20001)
    ) as w
    offset 20000 limit 1;
  if not found then
    return false;
  end if;
  -- So many that are delivered lie between, perhaps: behind a transaction that was open for long.
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
