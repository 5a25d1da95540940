-- Exactly once: all that a Kafka transaction will have changed here stands in one row before it
-- begins, and is applied, or thrown away, once it is known what became of it.
create table tide.intent (
  group_id         int         not null references tide.consumer_group (id) on delete cascade,
  number           int8        not null check (number > 0),
  token            uuid        not null,
  epoch            uuid        not null,
  start_done       pg_snapshot not null,
  start_page       pg_snapshot,
  start_last_id    int8        not null,
  end_done         pg_snapshot not null,
  end_page         pg_snapshot,
  end_last_id      int8        not null,
  transactional_id text        not null,
  brokers          text[]      not null,
  delivered        int8        not null,
  filtered         int8        not null,
  letters          jsonb,
  ended            jsonb,
  answer           boolean,
  written_at       timestamptz not null default clock_timestamp(),
  primary key (group_id, number)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
comment on table tide.intent is 'The Kafka transactions whose outcome is not written yet: at most two a consumer group, each beginning where the one before it ends.';
comment on column tide.intent.token is 'What the transaction commits to Kafka, by which it is known whether it was committed.';
comment on column tide.intent.letters is 'What it puts aside, for tide._put_aside; nothing of it counts before it is known that the transaction was committed.';
comment on column tide.intent.ended is 'The ids of messages that had been put aside, by what became of them: delivered or filtered.';
comment on column tide.intent.answer is 'What an operator said of whether it was committed.';

alter table tide.position
  add column number           int8 not null default 0,
  add column token            uuid,
  add column transactional_id text,
  add column brokers          text[],
  add column confirmed_at     timestamptz;
comment on column tide.position.number is 'The last Kafka transaction of which it is written here that it was committed; 0: none ever was.';

-- What is put aside provisionally stands in the intent.
alter table tide.dead_letter drop column token;

drop function if exists tide._take_over(int, uuid);
drop function if exists tide._commit(int, uuid, tid, pg_snapshot, pg_snapshot, bigint, bigint, bigint, bigint);
