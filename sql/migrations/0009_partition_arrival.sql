-- Rewritten every few seconds while records go: room beside each row keeps its newer versions there.
create table tide.partition_arrival (
  pipeline_id        int         not null references tide.pipeline (id) on delete cascade,
  topic              text        not null,
  partition          int         not null,
  last_offset        bigint,
  records_per_second float8      not null,
  last_produced_at   timestamptz not null,
  constraint partition_arrival_pkey primary key (pipeline_id, topic, partition)
) with (fillfactor = 50);
comment on table tide.partition_arrival is
  'What each partition of Kafka got from each pipeline lately, as its relay said last: see tide.kafka_partition_status.';
