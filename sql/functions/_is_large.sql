create or replace function tide._is_large(outbox_id int, done pg_snapshot) returns boolean
language plpgsql stable
set enable_bitmapscan = off
as $$
begin
  perform from (
      (select from tide.message m
        where m.outbox_id = _is_large.outbox_id and m.xid = any (array(select pg_snapshot_xip(done)))
        order by m.xid limit 20001)
      union all
      (select from tide.message m
        where m.outbox_id = _is_large.outbox_id and m.xid >= pg_snapshot_xmax(done)
        order by m.xid limit 20001)
    ) as w
    offset 20000 limit 1;
  return found;
end $$;
comment on function tide._is_large(int, pg_snapshot) is
  'Whether an outbox has more messages that a snapshot does not show than are sorted sooner than searched for. Looks at no more than that, by the index on xid.';
