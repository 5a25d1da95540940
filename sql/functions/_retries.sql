-- Before a dead letter that goes nothing of its chain is waiting. Of those that go the first is
-- always marked retrying, so the walk over those behind begins there. All is one look: what is
-- released meanwhile goes the next time, and wholly. The ranges of one value are as in
-- tide._first_of_chain.
create or replace function tide._retries(group_id int, epoch uuid, max_messages int, max_bytes bigint)
returns table (
  id bigint, source text, op text, key text, dedup_key text, headers text, payload bytea,
  is_json boolean, before bytea, published_at_us bigint, bytes_so_far bigint, snapshot text
)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set max_parallel_workers_per_gather = 0
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set enable_incremental_sort = off
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  of_pipeline int := (select l.id from tide.pipeline l where l.group_id = _retries.group_id);
begin
  perform tide._require_read_committed();
  return query
    select null::bigint, null::text, null::text, null::text, null::text, null::text, null::bytea,
           null::boolean, null::bytea, null::bigint, 0::bigint,
           case when tide._lease_held(_retries.group_id, _retries.epoch)
             then pg_current_snapshot()::text else tide._lease_lost(_retries.group_id) end;
  return query
    with asked as materialized (
      select d.id from tide.dead_letter d
        where d.pipeline_id between of_pipeline and of_pipeline and d.state = 'retrying'
          and (
            not d.parks_key or (
              select w.id from tide.dead_letter w
              where w.pipeline_id = d.pipeline_id and w.key_hash >= d.key_hash and (w.key_hash, w.id) < (d.key_hash, d.id)
                and w.key = d.key and w.parks_key and w.state = 'waiting'
              order by w.key_hash, w.id
              limit 1) is null)
        order by d.pipeline_id, d.id
        limit _retries.max_messages
    ), span as materialized (
      select min(a.id) as first_id,
             case when count(*) < _retries.max_messages then 9223372036854775807 else max(a.id) end as last_id
        from asked a
    ), going as materialized (
      select a.id from asked a
      union all
      select b.id from span s
        cross join lateral (
          select d.id from tide.dead_letter d
            where (d.pipeline_id, d.id) >= (of_pipeline, s.first_id) and (d.pipeline_id, d.id) <= (of_pipeline, s.last_id)
              and d.state = 'parked'
              and (
                select w.id from tide.dead_letter w
                where w.pipeline_id = d.pipeline_id and w.key_hash >= d.key_hash and (w.key_hash, w.id) < (d.key_hash, d.id)
                  and w.key = d.key and w.parks_key and w.state = 'waiting'
                order by w.key_hash, w.id
                limit 1) is null
            order by d.pipeline_id, d.id
            limit _retries.max_messages
        ) as b
    )
    select w.message_id, w.source, w.op, w.key, w.dedup_key, w.headers::text,
           coalesce(w.payload_bytes, convert_to(w.payload::text, 'UTF8')), w.payload_bytes is null,
           convert_to(w.before::text, 'UTF8'), (date_part('epoch', w.published_at) * 1000000)::bigint,
           w.bytes_so_far, null::text
      from (
        select p.*, sum(p.size) over (order by p.id rows unbounded preceding)::bigint as bytes_so_far
          from (select g.id from going g order by g.id limit _retries.max_messages) as n
            cross join lateral (
              select d.*, tide._message_size(d.key, d.dedup_key, d.headers, d.payload, d.payload_bytes, d.before) as size
                from tide.dead_letter d where d.id = n.id
                limit 1
            ) as p
      ) as w
      where w.bytes_so_far - w.size < _retries.max_bytes
      order by w.id;
end $$;
comment on function tide._retries(int, uuid, int, bigint) is
  'The dead letters to be tried again now, in order and in the form of tide._open_window: those marked so, and of chains all up to the first that waits. Raises TD001 without a valid lease.';
