-- As a relay that took the group over now would read: what is left of the open window by id, then
-- all that one snapshot shows and that window does not; each by the one index that leads there,
-- whatever the statistics say. Stable, so that both see the snapshot of the caller's statement.
create or replace function tide._next_ids(group_id int, at_most int) returns setof bigint
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set max_parallel_workers_per_gather = 0
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
set plan_cache_mode = force_custom_plan
as $$
declare
  of_outbox int;
  reader    record;
  found_ids bigint[] := '{}';
begin
  perform tide._refuse_foreign_position(_next_ids.group_id);
  select g.outbox_id into of_outbox from tide.consumer_group g where g.id = _next_ids.group_id;
  select case when p.seek_request is null then p.done else (p.seek_request ->> 'done')::pg_snapshot end as done,
         case when p.seek_request is null then p.page else (p.seek_request ->> 'page')::pg_snapshot end as page,
         case when p.seek_request is null then p.last_id else (p.seek_request ->> 'last_id')::bigint end as last_id,
         case when p.seek_request is null then p.floor_id else 0 end as floor_id
    into reader
    from tide.position p where p.group_id = _next_ids.group_id;
  if reader.page is not null then
    select coalesce(array_agg(w.id order by w.id), '{}') into found_ids
      from (
        select m.id from tide.message m
          where m.outbox_id = of_outbox
            and m.id > reader.last_id
            and not pg_visible_in_snapshot(m.xid, reader.done)
            and pg_visible_in_snapshot(m.xid, reader.page)
          order by m.id
          limit at_most
      ) as w;
    reader.done := reader.page;
  end if;
  return query select unnest(found_ids);
  if tide._last_id_drawn() - reader.floor_id > 20000
      and tide._is_walked(of_outbox, reader.done, reader.floor_id, at_most) then
    return query
      select m.id from tide.message m
        where m.outbox_id = of_outbox and m.id > reader.floor_id and not pg_visible_in_snapshot(m.xid, reader.done)
        order by m.id
        limit at_most - cardinality(found_ids);
    return;
  end if;
  return query
    select w.id
      from (
        select m.id from tide.message m
          where m.outbox_id = of_outbox and m.xid = any (array(select pg_snapshot_xip(reader.done)))
        union all
        select m.id from tide.message m
          where m.outbox_id = of_outbox and m.xid >= pg_snapshot_xmax(reader.done)
      ) as w
      order by w.id + 0
      limit at_most - cardinality(found_ids);
end $$;
comment on function tide._next_ids(int, int) is
  'The ids of the messages that a consumer group gets next, in order, a seek that was asked for counted in. Moves nothing and locks nothing. Raises TD002 when its position is from another cluster.';
