-- Sequential scans are off, and the order is by an expression, so that the plan is the xid index
-- and a sort whatever the statistics say; a parallel worker would cost more than the poll. Planned
-- for this outbox each time (half of what a small poll costs), for a plan kept for all would lock
-- the partitions of all: a transaction left open on another outbox must delay nobody here. Where
-- there is no other one, the plan is kept.
create or replace function tide._open_window(
  group_id     int,
  epoch        uuid,
  outbox_id    int,
  done         pg_snapshot,
  max_messages int,
  max_bytes    bigint,
  floor_id     bigint default null,
  row_ctid     tid default null,
  page         pg_snapshot default null,
  last_id      bigint default 0
) returns table (
  id bigint, source text, op text, key text, dedup_key text, headers text, payload bytea,
  is_json boolean, before bytea, published_at_us bigint, bytes_so_far bigint, snapshot text
)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set max_parallel_workers_per_gather = 0
set jit = off
set enable_seqscan = off
set enable_bitmapscan = on
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
begin
  perform tide._require_read_committed();
  if floor_id is null and page is null then
    floor_id := coalesce(tide._lease_floor(group_id, epoch, row_ctid), 0);
  end if;
  -- Above the floor are all that the window may hold, and in a steady flow hardly more.
  if page is null and tide._last_id_drawn() - floor_id > 20000
      and tide._is_walked(outbox_id, done, floor_id, max_messages) then
    return query select * from tide._next_page(group_id, epoch, outbox_id, done, null, floor_id,
      max_messages, max_bytes, row_ctid);
    return;
  end if;
  if tide._is_only_outbox() then
    perform set_config('plan_cache_mode', 'force_generic_plan', true);  -- until this function ends
  end if;
  -- The snapshot and the rows come from this one statement: two would see two snapshots.
  return query
    select coalesce(tide._lease_floor(_open_window.group_id, _open_window.epoch, _open_window.row_ctid),
                    tide._lease_lost(_open_window.group_id)::bigint),
           null::text, null::text, null::text, null::text, null::text, null::bytea,
           null::boolean, null::bytea, null::bigint, 0::bigint, pg_current_snapshot()::text
    union all
    select case when pg_visible_in_snapshot(w.xid, (select pg_current_snapshot())) then w.id
             else tide._foreign_xid(_open_window.outbox_id, w.id) end,
           w.source, w.op, w.key, w.dedup_key, w.headers::text,
           coalesce(w.payload_bytes, convert_to(w.payload::text, 'UTF8')), w.payload_bytes is null,
           convert_to(w.before::text, 'UTF8'), (date_part('epoch', w.published_at) * 1000000)::bigint,
           w.bytes_so_far, null::text
      from (
        select p.*, sum(p.size) over (order by p.id + 0 rows unbounded preceding) as bytes_so_far
          from (
            select m.*, least(tide._message_size(m.key, m.dedup_key, m.headers, m.payload, m.payload_bytes, m.before), 2147483647)::int as size
              from tide.message m
              where m.outbox_id = _open_window.outbox_id
                and (m.xid >= pg_snapshot_xmax(_open_window.done)
                     or m.xid = any (array(select pg_snapshot_xip(_open_window.done))))
                and (_open_window.page is null
                     or m.id > _open_window.last_id and pg_visible_in_snapshot(m.xid, _open_window.page))
              order by m.id + 0
              limit _open_window.max_messages
          ) as p
      ) as w
      where w.bytes_so_far - w.size < _open_window.max_bytes;
end $$;
comment on function tide._open_window(int, uuid, int, pg_snapshot, int, bigint, bigint, tid, pg_snapshot, bigint) is
  'Takes a window: first a row with the floor, as its id, and the snapshot, then the first page of messages that done does not show. Given a page and last_id, the next page of that window. Raises TD001 without a valid lease, TD002 when transaction ids are foreign.';
