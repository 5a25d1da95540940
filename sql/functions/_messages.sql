-- Planned for this outbox each time: a plan for all would lock the partitions of all.
create or replace function tide._messages(outbox_id int, ids bigint[]) returns table (
  id bigint, source text, op text, key text, dedup_key text, headers text, payload bytea,
  is_json boolean, before bytea, published_at_us bigint
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set max_parallel_workers_per_gather = 0
set jit = off
set enable_seqscan = off
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
begin
  return query
    select m.id, m.source, m.op, m.key, m.dedup_key, m.headers::text,
           coalesce(m.payload_bytes, convert_to(m.payload::text, 'UTF8')), m.payload_bytes is null,
           convert_to(m.before::text, 'UTF8'), (date_part('epoch', m.published_at) * 1000000)::bigint
      from unnest(_messages.ids) with ordinality as wanted (id, place)
        join tide.message m on m.outbox_id = _messages.outbox_id and m.id = wanted.id
      order by wanted.place;
end $$;
comment on function tide._messages(int, bigint[]) is
  'Messages of an outbox by their ids, in the order of these, delivered or not; those that are not there are left out.';
