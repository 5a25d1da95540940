-- In one order, so that two relays never wait for each other.
create or replace function tide._tell_partitions(
  pipeline_ids int[],
  topics       text[],
  partitions   int[],
  last_offsets bigint[],
  rates        float8[],
  produced_at  timestamptz[]
) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '1s'
as $$
begin
  -- The lock keeps a pipeline that is being deleted from turning into a foreign key's error.
  with there as materialized (
    select p.id from tide.pipeline p where p.id = any (pipeline_ids) order by p.id for key share skip locked
  )
  insert into tide.partition_arrival as s (pipeline_id, topic, partition, last_offset, records_per_second, last_produced_at)
    select told.id, told.topic, told.partition, told.last_offset, told.rate, told.at
      from unnest(pipeline_ids, topics, partitions, last_offsets, rates, produced_at)
        as told (id, topic, partition, last_offset, rate, at)
      where told.id in (select t.id from there t)
      order by told.id, told.topic, told.partition
    on conflict on constraint partition_arrival_pkey do update
      set last_offset = coalesce(excluded.last_offset, s.last_offset),
          records_per_second = excluded.records_per_second,
          last_produced_at = excluded.last_produced_at
      where s.last_produced_at <= excluded.last_produced_at;
  -- Now and then: topics may come from messages, and be forgotten by them.
  if random() < 0.01 then
    delete from tide.partition_arrival s
      where s.pipeline_id = any (pipeline_ids) and s.last_produced_at < clock_timestamp() - interval '30 days';
  end if;
end $$;
comment on function tide._tell_partitions(int[], text[], int[], bigint[], float8[], timestamptz[]) is
  'Takes down what partitions got from pipelines of this relay, each with its last offset, the rate since it was told before, and when; what was told of a later time stays.';
