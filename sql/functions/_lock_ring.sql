-- Never waits in the queue of a lock, where all publishers would have to wait behind it.
create or replace function tide._lock_ring(outbox_id int) returns void
language plpgsql
as $$
declare
  give_up timestamptz := clock_timestamp() + interval '2 seconds';
begin
  loop
    begin
      execute format('lock table tide.message_%s in access exclusive mode nowait', outbox_id);
      return;
    exception
      when lock_not_available then
        null;
    end;
    if clock_timestamp() > give_up then
      raise exception 'outbox "%" is being written or read', (select o.name from tide.outbox o where o.id = outbox_id)
        using errcode = 'lock_not_available',
          detail = format('In use by %s.', tide._sessions_using(format('tide.message_%s', outbox_id)::regclass)),
          hint = 'Stop publishing to it with tide.outbox_disable(), end transactions that did, and try again.';
    end if;
    perform pg_sleep(0.001 + random() * 0.02);
  end loop;
end $$;
comment on function tide._lock_ring(int) is
  'Locks the tables of an outbox against everybody, or raises 55P03 after two seconds of trying.';
