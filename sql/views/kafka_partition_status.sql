-- A relay tells every five seconds of what moved: what it told longer ago has come to rest since.
create or replace view tide.kafka_partition_status as
  select l.name as pipeline,
         s.topic,
         s.partition,
         s.last_offset,
         s.last_produced_at,
         case when s.last_produced_at > clock_timestamp() - interval '15 seconds' then round(s.records_per_second::numeric, 1)::float8
           else 0 end as records_per_second
    from tide.partition_arrival s
      join tide.pipeline l on l.id = s.pipeline_id
    order by l.name, s.topic, s.partition;
comment on view tide.kafka_partition_status is
  'What each partition of Kafka got from each pipeline: the offset of the last record that was acknowledged, when that was, and how many a second there were in the seconds before; 30 days after the last one it is forgotten.';
