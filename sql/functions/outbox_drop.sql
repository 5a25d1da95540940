create or replace function tide.outbox_drop(name text, if_exists boolean default false, force boolean default false)
returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  target_id int;
begin
  perform tide._require_read_committed();
  perform tide._refuse_null('outbox', name, 'Name the outbox, as created with tide.outbox_create().');
  if force then  -- positions, pipelines, messages: as a relay that puts some aside locks them
    perform from tide.position p
      where p.group_id in (
        select g.id from tide.consumer_group g join tide.outbox o on o.id = g.outbox_id where o.name = outbox_drop.name)
      order by p.group_id for update;
    perform from tide.pipeline l
      where l.outbox_id = (select o.id from tide.outbox o where o.name = outbox_drop.name)
      order by l.id for update;
  end if;
  -- The row is locked first: no pipeline or consumer group can then be added to it.
  select o.id into target_id from tide.outbox o where o.name = outbox_drop.name for update;
  if target_id is null and if_exists then
    raise notice 'there is no outbox "%", nothing was dropped', name;
    return;
  end if;
  target_id := coalesce(target_id, tide._outbox_id(name));
  if force is not true then
    perform tide._refuse_outbox_in_use(target_id);
    perform tide._lock_ring(target_id);
    -- Again: only now is every message that was on its way to be seen.
    perform tide._refuse_outbox_in_use(target_id);
  else
    perform tide._lock_ring(target_id);
  end if;
  perform pg_notify('tide_config', p.name) from tide.pipeline p where p.outbox_id = target_id;
  perform tide._delete_outbox(target_id);
end $$;
comment on function tide.outbox_drop(text, boolean, boolean) is
  'Drops an outbox with all its messages. Refuses while pipelines or undelivered messages remain, unless forced: then pipelines and consumer groups go with it.';
