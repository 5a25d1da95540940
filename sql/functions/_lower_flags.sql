-- Others may sleep on the same outbox: they wake up, and raise the flag again if they have no work.
create or replace function tide._lower_flags(outbox_ids int[]) returns void
language sql security definer
set search_path = pg_catalog, pg_temp
as $$
  select setval(o.wake_sequence, 0, true), pg_notify('tide_wake', o.id::text) from tide.outbox o
    where o.id = any (outbox_ids) and pg_sequence_last_value(o.wake_sequence) <> 0;
$$;
comment on function tide._lower_flags(int[]) is 'Publishers need not notify any more: the relay is awake.';
