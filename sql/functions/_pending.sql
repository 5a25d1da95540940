-- Each branch walks one index from where the undelivered messages begin, whatever the statistics
-- say and however much is retained, and all stop together. In an open window the messages after
-- last_id come first: are they few, then so are those that came after the window was taken.
create or replace function tide._pending(
  group_id int, at_most int, slot int default null,
  out pending bigint, out is_estimate boolean, out oldest timestamptz
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set max_parallel_workers_per_gather = 0
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
set plan_cache_mode = force_custom_plan
as $$
declare
  reader    tide.position;
  of_outbox int;
  passed    bigint;
  taken     pg_snapshot;
  lowest_id bigint;
begin
  select p.* into reader from tide.position p where p.group_id = _pending.group_id and p.writer_xmin = p.xmin;
  select g.outbox_id into of_outbox
    from tide.consumer_group g join tide.outbox o on o.id = g.outbox_id
    where g.id = reader.group_id and o.writer_xmin = o.xmin;
  if not found then
    return;
  end if;
  taken := coalesce(reader.page, reader.done);
  passed := case when reader.page is null then 9223372036854775807 else reader.last_id end;
  select count(*), min(w.published_at), min(w.id) into pending, oldest, lowest_id
    from (
      (select m.id, m.published_at from tide.message m
        where m.outbox_id = of_outbox and (_pending.slot is null or m.slot = _pending.slot)
          and m.id > passed and not pg_visible_in_snapshot(m.xid, reader.done)
        order by m.id limit at_most::bigint + 1)
      union all
      (select m.id, m.published_at from tide.message m
        where m.outbox_id = of_outbox and (_pending.slot is null or m.slot = _pending.slot)
          and m.id <= passed and m.xid = any (array(select pg_snapshot_xip(taken)))
        order by m.xid limit at_most::bigint + 1)
      union all
      (select m.id, m.published_at from tide.message m
        where m.outbox_id = of_outbox and (_pending.slot is null or m.slot = _pending.slot)
          and m.id <= passed and m.xid >= pg_snapshot_xmax(taken)
        order by m.xid limit at_most::bigint + 1)
      limit at_most::bigint + 1
    ) as w;
  is_estimate := pending > at_most;
  if is_estimate then
    pending := greatest(pending, tide._retained_estimate(of_outbox, lowest_id));
  end if;
end $$;
comment on function tide._pending(int, int, int) is
  'What a consumer group has yet to deliver, by its stored position, in one slot or in all: how many (exact up to at_most, then an estimate) and when the oldest was published. Nulls when the position is from another cluster.';
