-- One look for all that sleep. The tables of each outbox are named and planned for themselves, for
-- through tide.message those of all outboxes would be locked; and what is locked there by somebody
-- else is waited for by its own consumer group alone.
create or replace function tide._have_work(group_ids int[], epochs uuid[], outbox_ids int[], dones pg_snapshot[])
returns table (group_id int, snapshot text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set max_parallel_workers_per_gather = 0
set jit = off
set enable_seqscan = off
set lock_timeout = '10ms'
as $$
declare
  here  pg_snapshot;
  found boolean;
begin
  perform tide._require_read_committed();
  here := pg_current_snapshot();  -- what comes to be seen after this, a next look sees
  return query select null::int, here::text;
  return query
    select asleep.id, null::text from unnest(group_ids, epochs) as asleep (id, epoch)
    where not tide._lease_held(asleep.id, asleep.epoch);
  for i in 1 .. cardinality(group_ids) loop
    continue when dones[i]::text = here::text;
    begin
      execute format(
        'select exists (select from tide.message_%1$s where xid >= $1) or exists (select from tide.message_%1$s where xid = any ($2))',
        outbox_ids[i])
        into found
        using pg_snapshot_xmax(dones[i]), array(select pg_snapshot_xip(dones[i]));
    exception
      when lock_not_available or undefined_table then
        found := true;
    end;
    if found then
      group_id := group_ids[i];
      snapshot := null;
      return next;
    end if;
  end loop;
end $$;
comment on function tide._have_work(int[], uuid[], int[], pg_snapshot[]) is
  'First a row with a snapshot alone, then each consumer group that has to look for itself: it may have messages that its done does not show, or has lost its lease, or its outbox is locked or gone. The others have nothing to read that the snapshot shows.';
