-- Publishers of this outbox wait behind it, ten seconds at most; readers do not.
create or replace function tide._await_ring(outbox_id int) returns void
language plpgsql
set lock_timeout = '10s'
as $$
begin
  execute format('lock table tide.message_%s in exclusive mode', outbox_id);
exception
  when lock_not_available then
    raise exception 'outbox "%" is being written', (select o.name from tide.outbox o where o.id = outbox_id)
      using errcode = 'lock_not_available',
        detail = format('In use by %s.', tide._sessions_using(format('tide.message_%s', outbox_id)::regclass)),
        hint = 'A transaction that published to it stays open. End it, and try again.';
end $$;
comment on function tide._await_ring(int) is
  'Locks the tables of an outbox against all who write there, when those who did have ended, or raises 55P03 after ten seconds.';
