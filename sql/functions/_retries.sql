-- Before a dead letter that goes nothing of its chain is waiting. Of those that go the first is
-- always marked retrying, so the walk begins there.
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
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  of_pipeline int := (select l.id from tide.pipeline l where l.group_id = _retries.group_id);
  first_id    bigint;
begin
  perform tide._require_read_committed();
  return query
    select null::bigint, null::text, null::text, null::text, null::text, null::text, null::bytea,
           null::boolean, null::bytea, null::bigint, 0::bigint,
           case when tide._lease_held(_retries.group_id, _retries.epoch)
             then pg_current_snapshot()::text else tide._lease_lost(_retries.group_id) end;
  select d.id into first_id from tide.dead_letter d
    where d.pipeline_id = of_pipeline and d.state = 'retrying'
      and (
        not d.parks_key or (
          select w.id from tide.dead_letter w
          where w.pipeline_id = d.pipeline_id and w.key_hash = d.key_hash and w.key = d.key
            and w.parks_key and w.state = 'waiting' and w.id < d.id
          limit 1) is null)
    order by d.id
    limit 1;
  return query
    select w.message_id, w.source, w.op, w.key, w.dedup_key, w.headers::text,
           coalesce(w.payload_bytes, convert_to(w.payload::text, 'UTF8')), w.payload_bytes is null,
           convert_to(w.before::text, 'UTF8'), (date_part('epoch', w.published_at) * 1000000)::bigint,
           w.bytes_so_far, null::text
      from (
        select p.*, sum(p.size) over (order by p.id rows unbounded preceding)::bigint as bytes_so_far
          from (
            select d.*, tide._message_size(d.key, d.dedup_key, d.headers, d.payload, d.payload_bytes, d.before) as size
              from tide.dead_letter d
              where d.pipeline_id = of_pipeline and d.id >= first_id and d.state in ('parked', 'retrying')
                and (
                  not d.parks_key or (
                    select w.id from tide.dead_letter w
                    where w.pipeline_id = d.pipeline_id and w.key_hash = d.key_hash and w.key = d.key
                      and w.parks_key and w.state = 'waiting' and w.id < d.id
                    limit 1) is null)
              order by d.id
              limit _retries.max_messages
          ) as p
      ) as w
      where w.bytes_so_far - w.size < _retries.max_bytes
      order by w.id;
end $$;
comment on function tide._retries(int, uuid, int, bigint) is
  'The dead letters to be tried again now, in order and in the form of tide._open_window: those marked so, and of chains all up to the first that waits. Raises TD001 without a valid lease.';
