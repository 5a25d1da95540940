-- By the position's ctid, as its last write returned it, for by key the row is ever slower to find while
-- its old versions cannot be removed. Planned once: polls ask, whose own plans are made each time.
create or replace function tide._lease_floor(group_id int, epoch uuid, row_ctid tid) returns bigint
language plpgsql stable
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
begin
  if not exists (
      select from tide.lease l
      where l.group_id = _lease_floor.group_id and l.epoch = _lease_floor.epoch and l.writer_xmin = l.xmin) then
    return null;
  end if;
  return coalesce(
    (select p.floor_id from tide.position p
      where p.ctid = row_ctid and p.group_id = _lease_floor.group_id and p.epoch = _lease_floor.epoch),
    (select p.floor_id from tide.position p
      where p.group_id = _lease_floor.group_id and p.epoch = _lease_floor.epoch));
end $$;
comment on function tide._lease_floor(int, uuid, tid) is
  'The floor of a group that is held under an epoch, in the logged row and in the unlogged one that a crash or a promotion empties, else null; a lease carried along by a dump does not count.';
