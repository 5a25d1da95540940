-- What tells is what a plan would be made of, not the table of outboxes: partitions are dropped later.
create or replace function tide._is_only_outbox() returns boolean
language plpgsql stable
set enable_seqscan = off
as $$
begin
  perform from pg_catalog.pg_inherits i where i.inhparent = 'tide.message'::regclass offset 1 limit 1;
  return not found;
end $$;
comment on function tide._is_only_outbox() is
  'Whether there are partitions of one outbox at most.';
