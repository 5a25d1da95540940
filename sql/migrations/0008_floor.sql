-- The columns are there since 0001. What a relay of before knows of floors is nothing: all are 0.
comment on column tide.position.floor_id is
  'Every message with an id up to this one is visible in done, and none is still to appear.';
comment on column tide.position.next_floor_id is
  'The last id drawn when it was read, before next_floor_xid was: the next floor, once no transaction is in progress in done that is older than that.';

drop function if exists tide._open_window(int, uuid, int, pg_snapshot, int, bigint);
drop function if exists tide._next_page(int, uuid, int, pg_snapshot, pg_snapshot, bigint, int, bigint);
drop function if exists tide._commit(int, uuid, tid, pg_snapshot, pg_snapshot, bigint, bigint, bigint, bigint, tide.intent);
drop function if exists tide._outboxes();

-- As tide.outbox_create leaves it: a table of few rows that was never looked at is read by an index.
analyze tide.outbox;
