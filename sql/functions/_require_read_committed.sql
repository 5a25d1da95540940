create or replace function tide._require_read_committed() returns void
language plpgsql
as $$
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'this function must run at isolation level READ COMMITTED, not %',
      upper(current_setting('transaction_isolation'))
      using errcode = 'TD003',
        hint = 'Begin the transaction with "BEGIN ISOLATION LEVEL READ COMMITTED", whatever the role''s default is.';
  end if;
end $$;
comment on function tide._require_read_committed() is
  'Raises TD003 in any other isolation level: an older snapshot would hide messages, a serializable one would abort publishers.';
