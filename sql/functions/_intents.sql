create or replace function tide._intents(group_id int, epoch uuid)
returns table (number bigint, token uuid, transactional_id text, brokers text[], age float8, answer boolean)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  perform tide._require_read_committed();
  if not tide._lease_held(_intents.group_id, _intents.epoch) then
    perform tide._lease_lost(_intents.group_id);
  end if;
  return query
    select i.number, i.token, i.transactional_id, i.brokers, date_part('epoch', clock_timestamp() - i.written_at), i.answer
      from tide.position p, tide._kept_intents(p.group_id, p.number) as i
      where p.group_id = _intents.group_id;
end $$;
comment on function tide._intents(int, uuid) is
  'The Kafka transactions of a group whose outcome is not written yet, in order, and their age in seconds. Raises TD001 without a valid lease.';
