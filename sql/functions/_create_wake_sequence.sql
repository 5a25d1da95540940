-- A sequence that was never called reads as null or 1, by version of PostgreSQL.
create or replace function tide._create_wake_sequence(outbox_id int) returns void
language plpgsql
as $$
declare
  sequence_name text := format('tide.wake_%s', outbox_id);
begin
  execute format('create sequence %s as bigint minvalue 0 start with 0 cache 1', sequence_name);
  perform setval(sequence_name::regclass, 0, true);
  update tide.outbox o set wake_sequence = sequence_name::regclass where o.id = outbox_id;
end $$;
comment on function tide._create_wake_sequence(int) is
  'Creates the sequence that tells publishers until when (unix seconds) a sleeping relay wants to be notified. The outbox row is stamped by the caller.';
