create or replace function tide._settle(
  group_id     int,
  epoch        uuid,
  up_to        bigint,
  out row_ctid tid,
  out done     pg_snapshot,
  out page     pg_snapshot,
  out last_id  bigint
)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '1s'
as $$
declare
  committed bigint;
begin
  perform tide._hold_position(group_id, epoch);
  select p.ctid into row_ctid from tide.position p where p.group_id = _settle.group_id;
  for committed in
    select i.number from tide.position p, tide._kept_intents(p.group_id, p.number) as i
      where p.group_id = _settle.group_id and i.number <= up_to
  loop
    select c.row_ctid into row_ctid from tide._confirm(group_id, epoch, row_ctid, committed) as c;
  end loop;
  delete from tide.intent i
    where i.group_id = _settle.group_id
      and i.number > (select p.number from tide.position p where p.group_id = _settle.group_id);
  perform tide._apply_seek(group_id);
  perform set_config('synchronous_commit', 'on', true);
  select p.ctid, p.done, p.page, p.last_id into row_ctid, done, page, last_id
    from tide.position p where p.group_id = _settle.group_id;
end $$;
comment on function tide._settle(int, uuid, bigint) is
  'Ends what a relay left open: confirms the intents of a group up to a number, discards the others, then applies a seek that was asked for; returns where to read on. Raises TD001 without the lease.';
