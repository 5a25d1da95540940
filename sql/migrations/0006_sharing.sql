-- Relays share the pipelines of their group: each says which ones it may run, and whether it takes any.
alter table tide.relay_process
  add column relay_group text,
  add column pipelines   text[]  not null default '{}',
  add column takes       boolean not null default true;
comment on column tide.relay_process.pipelines is 'The pipelines it was told to run; none: all of its relay group.';
comment on column tide.relay_process.takes is
  'Whether it takes pipelines: not before it knows them, nor while it finishes what is in flight and leaves.';
drop function if exists tide._register_relay(uuid, text, text);
drop function if exists tide._report_state(int, text, text, text, timestamptz);
drop function if exists tide._take_over(int, uuid);
