-- Messages put aside, and what the relay asks of them.
create table tide.dead_letter (
  id            int8        generated always as identity primary key,
  pipeline_id   int         not null references tide.pipeline (id) on delete cascade,
  outbox_id     int         not null references tide.outbox (id) on delete cascade,
  message_id    int8        not null,
  published_at  timestamptz not null,
  op            text        not null,
  key           text,
  dedup_key     text,
  source        text,
  headers       jsonb,
  payload       jsonb,
  payload_bytes bytea,
  before        jsonb,
  stage         text        not null,
  reason        text        not null,
  error         text        not null,
  attempts      int         not null,
  first_at      timestamptz not null,
  last_at       timestamptz not null default clock_timestamp(),
  state         text        not null
                check (state in ('waiting', 'parked', 'retrying', 'delivered', 'filtered', 'discarded')),
  parks_key     boolean     not null check (not parks_key or key is not null),
  resolved_at   timestamptz,
  token         uuid,
  key_hash      int8        generated always as (hashtextextended(key, 0)) stored,
  check (parks_key or state <> 'parked'),
  check ((resolved_at is null) = (state in ('waiting', 'parked', 'retrying')))
) with (autovacuum_vacuum_scale_factor = 0.05);
alter table tide.dead_letter
  alter column headers       set storage external,
  alter column payload       set storage external,
  alter column payload_bytes set storage external,
  alter column before        set storage external;
comment on table tide.dead_letter is 'Messages that were put aside, whole, with what was wrong with them. Written by the relay; marked by tide.dead_letter_retry and tide.dead_letter_discard.';
comment on column tide.dead_letter.state is
  'waiting for somebody to decide, parked behind an earlier message of its key, retrying; or resolved: delivered, filtered, discarded.';
comment on column tide.dead_letter.parks_key is
  'Whether later messages of its key wait until it is resolved. Those of one key are a chain, in the order of id; its first is never parked.';
comment on column tide.dead_letter.attempts is 'How often the message was tried.';

-- Any may have 100,000 rows, and a key may be too long for an index. Few indexes hold a row in each
-- state: whoever marks all rows writes all of those anew.
create unique index dead_letter_unresolved on tide.dead_letter (pipeline_id, message_id)
  where state in ('waiting', 'parked', 'retrying');
create index dead_letter_discarded on tide.dead_letter (pipeline_id, message_id) where state = 'discarded';
create index dead_letter_chain on tide.dead_letter (pipeline_id, key_hash, id)
  where parks_key and state in ('waiting', 'parked', 'retrying');
create index dead_letter_waiting on tide.dead_letter (pipeline_id, key_hash, id) where parks_key and state = 'waiting';
create index dead_letter_parked on tide.dead_letter (pipeline_id, id) where state = 'parked';
create index dead_letter_retrying on tide.dead_letter (pipeline_id, id) where state = 'retrying';
create index dead_letter_resolved on tide.dead_letter (pipeline_id, resolved_at)
  where state in ('delivered', 'filtered', 'discarded');

-- A message whose handling kills the process: counted before it is tried alone.
alter table tide.position
  add column crashes    int not null default 0,
  add column attempt_id int8,
  add column attempts   int not null default 0;
comment on column tide.position.crashes is 'How many relays in a row ended without leaving the group, since the position last moved.';
comment on column tide.position.attempt_id is 'The message that is tried alone, for it may be what ended the process.';
comment on column tide.position.attempts is 'How often it was tried.';

drop function if exists tide._commit(int, uuid, tid, pg_snapshot, pg_snapshot, bigint, bigint, bigint);
drop function if exists tide._pipelines(text);
