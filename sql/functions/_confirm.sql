-- Lost by a crash, what is confirmed is found out once more. The intents' index is used whatever the
-- statistics say: the table is empty, or full of rows that cannot be removed yet.
create or replace function tide._confirm(
  group_id          int,
  epoch             uuid,
  inout row_ctid    tid,
  number            bigint,
  out still_parked  text[],
  out dead_lettered bigint
)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '1s'
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
  drawn bigint := tide._next_floor();  -- before anything here draws an xid
  here  tide.position;
  kept  tide.intent;
begin
  perform tide._require_read_committed();
  select p.* into here from tide.position p
    where p.ctid = row_ctid and p.group_id = _confirm.group_id and p.epoch = _confirm.epoch;
  if not found then
    select p.* into here from tide.position p where p.group_id = _confirm.group_id and p.epoch = _confirm.epoch;
  end if;
  if not found then
    perform tide._lease_lost(group_id);
  end if;
  select i.* into kept from tide._kept_intents(group_id, here.number) as i limit 1;
  if kept.number is distinct from number then
    perform tide._out_of_turn(group_id, number, format('the next one to confirm is %s', coalesce(kept.number::text, 'not there')));
  elsif (kept.start_done::text, kept.start_page::text, kept.start_last_id)
      is distinct from (here.done::text, here.page::text, here.last_id) then
    perform tide._out_of_turn(group_id, number, 'the position is not where it begins');
  end if;
  delete from tide.intent i where i.group_id = _confirm.group_id and i.number = _confirm.number;
  still_parked := '{}';
  dead_lettered := 0;
  if kept.letters is not null then
    dead_lettered := tide._put_aside(group_id, epoch, kept.letters);
  end if;
  if kept.ended is not null then
    still_parked := array(
      select tide._end_letters(group_id, epoch,
        array(select jsonb_array_elements_text(kept.ended -> 'delivered')::bigint),
        array(select jsonb_array_elements_text(kept.ended -> 'filtered')::bigint)));
  end if;
  row_ctid := tide._commit(group_id, epoch, row_ctid, kept.end_done, kept.end_page, kept.end_last_id,
    kept.delivered, kept.filtered, dead_lettered, kept, drawn);
end $$;
comment on function tide._confirm(int, uuid, tid, bigint) is
  'Applies what the first kept intent of a group holds, for its Kafka transaction was committed: dead letters, what became of those tried again, the position. Returns where the position''s row now is, which of their keys are still parked, and how many dead letters are new. Raises TD001 without the lease, TD005 for any other intent.';
