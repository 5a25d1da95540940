create or replace function tide._slot_is_awaited(outbox_id int, slot int2) returns boolean
language plpgsql volatile
set enable_seqscan = off
set jit = off
set plan_cache_mode = force_custom_plan
as $$
declare
  reader tide.position;
begin
  for reader in
    select p.* from tide.position p join tide.consumer_group g on g.id = p.group_id
    where g.outbox_id = _slot_is_awaited.outbox_id
  loop
    if exists (
      select from tide.message m
      where m.outbox_id = _slot_is_awaited.outbox_id and m.slot = _slot_is_awaited.slot
        and (m.xid >= pg_snapshot_xmax(reader.done) or m.xid = any (array(select pg_snapshot_xip(reader.done))))
        and (reader.page is null or m.id > reader.last_id or not pg_visible_in_snapshot(m.xid, reader.page))
    ) or reader.seek_request is not null then
      return true;
    end if;
  end loop;
  return false;
end $$;
comment on function tide._slot_is_awaited(int, int2) is
  'Whether a consumer group has yet to deliver a message of a slot, or was asked to seek and may want it again.';
