create or replace function tide._raise_flags(outbox_ids int[], seconds int) returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  -- A transaction that notified cannot be prepared.
  if current_setting('max_prepared_transactions')::int > 0 then
    return false;
  end if;
  perform setval(o.wake_sequence, extract(epoch from clock_timestamp())::bigint + seconds, true)
    from tide.outbox o where o.id = any (outbox_ids);
  return true;
end $$;
comment on function tide._raise_flags(int[], int) is
  'Asks publishers to notify, for so many seconds; false where that would keep transactions from being prepared.';
