-- The tables that everything stands on. Their meanings stay; columns may be added.
create table tide.installation (
  id          uuid        not null default gen_random_uuid(),
  one_row     boolean     primary key default true check (one_row)
);
comment on table tide.installation is 'One row: who this installation is; renewed when an outbox is rebased.';
insert into tide.installation default values;

create table tide.outbox (
  id                int         generated always as identity primary key,
  name              text        not null unique,
  enabled           boolean     not null default true,
  retention_hours   numeric     not null default 24 check (retention_hours >= 0),
  slots             int2        not null default 4 check (slots between 2 and 100),
  current_slot      int2        not null default 0,
  slot_since        timestamptz not null default now(),
  max_message_bytes int         check (max_message_bytes > 0),
  wake_sequence     regclass,
  writer_xmin       xid
);
comment on table tide.outbox is 'The outboxes: named streams of messages, each a ring of slots.';
comment on column tide.outbox.writer_xmin is
  'The xmin this row had when it was written: where it differs from the real one, the row came from another cluster, and so did all transaction ids of its messages.';

-- xid stands before id, so that a transaction has its id before it draws one for its message:
-- both come from their defaults, and nobody may name them in an INSERT.
create table tide.message (
  xid           xid8        not null default pg_current_xact_id(),
  id            int8        generated always as identity (cache 1),
  published_at  timestamptz not null default clock_timestamp(),
  outbox_id     int         not null,
  slot          int2        not null,
  op            text        not null,
  key           text,
  dedup_key     text,
  source        text,
  headers       jsonb,
  payload       jsonb,
  payload_bytes bytea,
  before        jsonb
) partition by list (outbox_id);
-- Stored without compression: a message is written once and read once, and its stored size is
-- then its true size, by which a page is cut without reading it.
alter table tide.message
  alter column headers       set storage external,
  alter column payload       set storage external,
  alter column payload_bytes set storage external,
  alter column before        set storage external;
create index message_id on tide.message (id);
create index message_xid on tide.message (xid);
comment on table tide.message is 'The messages of all outboxes, partitioned by outbox and slot. Written by tide.outbox_publish alone, never updated.';
comment on column tide.message.xid is 'The transaction that published it.';
comment on column tide.message.id is 'Drawn from one sequence for all outboxes, in publishing order within a transaction.';

create table tide.consumer_group (
  id         int  generated always as identity primary key,
  outbox_id  int  not null references tide.outbox (id),
  name       text not null,
  created_at timestamptz not null default now(),
  unique (outbox_id, name)
);
comment on table tide.consumer_group is 'Named readers of an outbox, each with its own position.';

create table tide.position (
  group_id          int         primary key references tide.consumer_group (id) on delete cascade,
  epoch             uuid,
  seek_request      jsonb,
  done              pg_snapshot not null,
  page              pg_snapshot,
  last_id           int8        not null default 0,
  floor_id          int8        not null default 0,
  next_floor_id     int8        not null default 0,
  next_floor_xid    xid8,
  writer_xmin       xid,
  delivered         int8        not null default 0,
  filtered          int8        not null default 0,
  dead_lettered     int8        not null default 0,
  last_delivered_at timestamptz
) with (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
comment on table tide.position is 'Where each consumer group is. Written by the relay that holds the group''s epoch, and by nobody else.';
comment on column tide.position.done is 'Every message visible in this snapshot has its end.';
comment on column tide.position.page is 'The window being drained: its messages up to last_id have their end. Null when no window is open.';
comment on column tide.position.epoch is 'A random token of the relay that took the group over last.';

create unlogged table tide.lease (
  group_id    int  primary key,
  epoch       uuid not null,
  relay_id    uuid not null,
  writer_xmin xid
);
comment on table tide.lease is 'Who runs which group. Unlogged on purpose: a crash or a promotion empties it, and what a relay then holds in memory is void.';

create table tide.relay_process (
  id          uuid        primary key,
  name        text        not null,
  version     text        not null,
  backend_pid int         not null,
  started_at  timestamptz not null default now()
);
comment on table tide.relay_process is 'Relay processes and the backend of their lock connection, by which their life is seen.';

create table tide.pipeline (
  id          int     generated always as identity primary key,
  name        text    not null unique,
  outbox_id   int     not null references tide.outbox (id),
  group_id    int     not null unique references tide.consumer_group (id),
  relay_group text    not null default 'default',
  config      jsonb   not null,
  enabled     boolean not null default true,
  revision    int8    not null default 1
);
comment on table tide.pipeline is 'The pipelines as configured: one outbox to Kafka, each.';
comment on column tide.pipeline.revision is 'Grows with every change and with every enable: the relay restarts the pipeline when it does.';

create table tide.pipeline_state (
  pipeline_id int         primary key references tide.pipeline (id) on delete cascade,
  state       text        not null,
  reason      text,
  hint        text,
  since       timestamptz not null default now(),
  next_try    timestamptz
);
comment on table tide.pipeline_state is 'What the relay says of each pipeline: written when it changes.';

create table tide.option (
  name          text    primary key,
  type          text    not null,
  format        text,
  default_value jsonb,
  minimum       numeric,
  maximum       numeric,
  choices       text[],
  required      boolean not null default false,
  secret        boolean not null default false,
  reference     boolean not null default false,
  description   text    not null
);
comment on table tide.option is 'Every option of a pipeline; generated from the relay''s own declaration.';

create table tide.option_rule (
  kind    text not null check (kind in ('conflict', 'requirement')),
  option  text not null,
  value   jsonb,
  other   text not null,
  message text not null,
  hint    text
);
comment on table tide.option_rule is 'What options demand of each other; generated like tide.option.';
