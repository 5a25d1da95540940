-- The predicate on xid is written so that only the id index fits: pages follow each other by id.
-- Without a page it is a window's first one, and the window is what the statement itself sees.
create or replace function tide._next_page(
  group_id     int,
  epoch        uuid,
  outbox_id    int,
  done         pg_snapshot,
  page         pg_snapshot,
  last_id      bigint,
  max_messages int,
  max_bytes    bigint,
  row_ctid     tid default null
) returns table (
  id bigint, source text, op text, key text, dedup_key text, headers text, payload bytea,
  is_json boolean, before bytea, published_at_us bigint, bytes_so_far bigint, snapshot text
)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set max_parallel_workers_per_gather = 0
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
begin
  perform tide._require_read_committed();
  if page is not null and tide._last_id_drawn() - last_id > 100000
      and tide._is_sparse(outbox_id, done, last_id, max_messages) then
    return query select * from tide._open_window(group_id, epoch, outbox_id, done, max_messages, max_bytes,
      null, row_ctid, page, last_id);
    return;
  end if;
  return query
    select coalesce(tide._lease_floor(_next_page.group_id, _next_page.epoch, _next_page.row_ctid),
                    tide._lease_lost(_next_page.group_id)::bigint),
           null::text, null::text, null::text, null::text, null::text, null::bytea,
           null::boolean, null::bytea, null::bigint, 0::bigint, pg_current_snapshot()::text
    union all
    select case when pg_visible_in_snapshot(w.xid, (select pg_current_snapshot())) then w.id
             else tide._foreign_xid(_next_page.outbox_id, w.id) end,
           w.source, w.op, w.key, w.dedup_key, w.headers::text,
           coalesce(w.payload_bytes, convert_to(w.payload::text, 'UTF8')), w.payload_bytes is null,
           convert_to(w.before::text, 'UTF8'), (date_part('epoch', w.published_at) * 1000000)::bigint,
           w.bytes_so_far, null::text
      from (
        select p.*, sum(p.size) over (order by p.id rows unbounded preceding) as bytes_so_far
          from (
            select m.*, least(tide._message_size(m.key, m.dedup_key, m.headers, m.payload, m.payload_bytes, m.before), 2147483647)::int as size
              from tide.message m
              where m.outbox_id = _next_page.outbox_id
                and m.id > _next_page.last_id
                and not pg_visible_in_snapshot(m.xid, _next_page.done)
                and (_next_page.page is null or pg_visible_in_snapshot(m.xid, _next_page.page))
              order by m.id
              limit _next_page.max_messages
          ) as p
      ) as w
      where w.bytes_so_far - w.size < _next_page.max_bytes;
end $$;
comment on function tide._next_page(int, uuid, int, pg_snapshot, pg_snapshot, bigint, int, bigint, tid) is
  'The next page of an open window, after last_id, in the form of tide._open_window; with page null the first one of a new window.';
