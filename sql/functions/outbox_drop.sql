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
