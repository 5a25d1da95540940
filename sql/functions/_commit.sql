create or replace function tide._commit(
  group_id      int,
  epoch         uuid,
  row_ctid      tid,
  done          pg_snapshot,
  page          pg_snapshot,
  last_id       bigint,
  delivered     bigint,
  filtered      bigint,
  dead_lettered bigint default 0,
  confirmed     tide.intent default null,
  next_floor    bigint default null
) returns tid
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '1s'
as $$
declare
  drawn   bigint := coalesce(next_floor, tide._next_floor());  -- before the write draws an xid
  written tid;
  stamped boolean;
  moved   tid;
begin
  perform tide._require_read_committed();
  -- Lost by a crash, a position only repeats messages: its WAL follows every commit it covers.
  perform set_config('synchronous_commit', 'off', true);
  -- The logged half of the lease is what is written to.
  if not exists (
      select from tide.lease l
      where l.group_id = _commit.group_id and l.epoch = _commit.epoch and l.writer_xmin = l.xmin) then
    perform tide._lease_lost(group_id);
  end if;
  -- By ctid, which stays fast while old versions of the row cannot be removed; a ctid may be
  -- reused by another group's row, so group and epoch go with it.
  update tide.position p
    set done = _commit.done, page = _commit.page, last_id = _commit.last_id,
        delivered = p.delivered + _commit.delivered, filtered = p.filtered + _commit.filtered,
        dead_lettered = p.dead_lettered + _commit.dead_lettered, crashes = 0,
        last_delivered_at = case when _commit.delivered > 0 then clock_timestamp() else p.last_delivered_at end,
        number = coalesce(confirmed.number, p.number), token = coalesce(confirmed.token, p.token),
        transactional_id = coalesce(confirmed.transactional_id, p.transactional_id),
        brokers = coalesce(confirmed.brokers, p.brokers),
        confirmed_at = case when confirmed.number is null then p.confirmed_at else clock_timestamp() end,
        floor_id = case when p.next_floor_xid < pg_snapshot_xmin(_commit.done) then p.next_floor_id else p.floor_id end,
        next_floor_id = case when p.next_floor_xid >= pg_snapshot_xmin(_commit.done) then p.next_floor_id
                          else coalesce(drawn, p.next_floor_id) end,
        next_floor_xid = case when drawn is null or p.next_floor_xid >= pg_snapshot_xmin(_commit.done) then p.next_floor_xid
                           else pg_current_xact_id() end,
        writer_xmin = pg_current_xact_id()::xid
    where p.ctid = row_ctid and p.group_id = _commit.group_id and p.epoch = _commit.epoch
    returning p.ctid, p.writer_xmin = p.xmin into written, stamped;
  if found and not stamped then  -- inside a savepoint
    perform tide._stamp_position(group_id);
    select p.ctid into written from tide.position p where p.group_id = _commit.group_id;
  end if;
  if found then
    return written;
  end if;
  select p.ctid into moved from tide.position p
    where p.group_id = _commit.group_id and p.epoch = _commit.epoch
    for no key update;
  if not found then
    perform tide._lease_lost(group_id);
  end if;
  return tide._commit(group_id, epoch, moved, done, page, last_id, delivered, filtered, dead_lettered, confirmed, drawn);
end $$;
comment on function tide._commit(int, uuid, tid, pg_snapshot, pg_snapshot, bigint, bigint, bigint, bigint, tide.intent, bigint) is
  'Writes a group''s position and returns where the row now is, for the next call; with an intent, that its transaction was committed. Raises TD001 when the group is not held under this epoch.';
