create or replace function tide._take_over(group_id int, relay_id uuid)
returns table (
  epoch      uuid,
  row_ctid   tid,
  done       pg_snapshot,
  page       pg_snapshot,
  last_id    bigint,
  crashes    int,
  attempt_id bigint,
  attempts   int
)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  new_epoch uuid := gen_random_uuid();
  old       tide.position;
  crashed   boolean;
begin
  perform tide._require_read_committed();
  perform set_config('synchronous_commit', 'on', true);
  if not tide._lock_held(_take_over.group_id) then
    perform tide._lease_lost(_take_over.group_id);
  end if;
  select p.* into old from tide.position p where p.group_id = _take_over.group_id for no key update;
  if not found then
    perform tide._lease_lost(_take_over.group_id);
  end if;
  perform tide._refuse_foreign_position(_take_over.group_id);
  -- Who gives a group back ends its lease first.
  crashed := exists (
    select from tide.lease l
    where l.group_id = _take_over.group_id and l.epoch = old.epoch and l.writer_xmin = l.xmin
      and l.relay_id <> _take_over.relay_id
      and not exists (select from tide._live_relays() as r where r.id = l.relay_id));
  update tide.position p
    set epoch = new_epoch,
        seek_request = null,
        crashes = p.crashes + crashed::int,
        done = case when p.seek_request is null then p.done else (p.seek_request ->> 'done')::pg_snapshot end,
        page = case when p.seek_request is null then p.page else (p.seek_request ->> 'page')::pg_snapshot end,
        last_id = case when p.seek_request is null then p.last_id else (p.seek_request ->> 'last_id')::bigint end,
        floor_id = case when p.seek_request is null then p.floor_id else 0 end,
        next_floor_id = case when p.seek_request is null then p.next_floor_id else 0 end,
        next_floor_xid = case when p.seek_request is null then p.next_floor_xid end
    where p.group_id = _take_over.group_id;
  perform tide._stamp_position(_take_over.group_id);
  insert into tide.lease as l (group_id, epoch, relay_id)
    values (_take_over.group_id, new_epoch, _take_over.relay_id)
    on conflict on constraint lease_pkey do update set epoch = excluded.epoch, relay_id = excluded.relay_id;
  update tide.lease l set writer_xmin = l.xmin where l.group_id = _take_over.group_id;
  return query
    select p.epoch, p.ctid, p.done, p.page, p.last_id, p.crashes, p.attempt_id, p.attempts from tide.position p
    where p.group_id = _take_over.group_id;
end $$;
comment on function tide._take_over(int, uuid) is
  'Makes the calling relay the one that runs a group, under a new random epoch, and returns the position to read on from; a seek that was asked for is applied. A predecessor that ended without giving the group back counts as a crash. Must run on the connection that holds the group''s lock.';
