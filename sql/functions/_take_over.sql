create or replace function tide._take_over(group_id int, relay_id uuid)
returns table (
  epoch            uuid,
  row_ctid         tid,
  done             pg_snapshot,
  page             pg_snapshot,
  last_id          bigint,
  crashes          int,
  attempt_id       bigint,
  number           bigint,
  token            uuid,
  transactional_id text,
  brokers          text[],
  confirmed_age    float8,
  installation     uuid
)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  drawn     bigint := tide._next_floor();  -- before anything here draws an xid
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
  -- A floor on its way is replaced by one drawn now: the first window may be large, and whoever goes
  -- on after it shall not walk over it once more.
  update tide.position p
    set epoch = new_epoch, crashes = p.crashes + crashed::int,
        floor_id = case when p.next_floor_xid < pg_snapshot_xmin(p.done) then p.next_floor_id else p.floor_id end,
        next_floor_id = coalesce(drawn, p.next_floor_id),
        next_floor_xid = case when drawn is null then p.next_floor_xid else pg_current_xact_id() end
    where p.group_id = _take_over.group_id;
  if not exists (select from tide._kept_intents(_take_over.group_id, old.number)) then
    perform tide._apply_seek(_take_over.group_id);
  end if;
  perform tide._stamp_position(_take_over.group_id);
  insert into tide.lease as l (group_id, epoch, relay_id)
    values (_take_over.group_id, new_epoch, _take_over.relay_id)
    on conflict on constraint lease_pkey do update set epoch = excluded.epoch, relay_id = excluded.relay_id;
  update tide.lease l set writer_xmin = l.xmin where l.group_id = _take_over.group_id;
  return query
    select p.epoch, p.ctid, p.done, p.page, p.last_id, p.crashes, p.attempt_id, p.number, p.token,
           p.transactional_id, p.brokers, date_part('epoch', clock_timestamp() - p.confirmed_at),
           (select n.id from tide.installation n)
      from tide.position p where p.group_id = _take_over.group_id;
end $$;
comment on function tide._take_over(int, uuid) is
  'Makes the calling relay the one that runs a group, under a new random epoch, and returns the position to read on from, and the last Kafka transaction that is known to be committed. A seek that was asked for is applied, unless intents are kept: then tide._settle does that. A predecessor that ended without giving the group back counts as a crash. Must run on the connection that holds the group''s lock.';
