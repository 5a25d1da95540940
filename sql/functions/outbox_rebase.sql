-- A relay that runs one of the groups need not be stopped: under its old epoch it can neither poll
-- nor write any more, and it takes over anew.
create or replace function tide.outbox_rebase(name text)
returns table (consumer_group text, undelivered bigint)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  target_id int := tide._existing_outbox(name);
  latest    pg_snapshot;
  horizon   bigint;
  reader    record;
begin
  perform tide._require_read_committed();
  perform from tide.outbox o where o.id = target_id for update;
  if not found then
    perform tide._no_such_outbox(name);
  end if;
  perform tide._await_ring(target_id);
  latest := tide._latest_snapshot();
  horizon := pg_snapshot_xmax(latest)::text::bigint + 1073741824;  -- above the caller's own savepoints too
  if not tide._outbox_is_foreign(target_id) and not tide._has_foreign_messages(target_id, horizon) then
    raise notice 'outbox "%" is of this cluster, nothing was changed', name;
    return query
      select g.name, w.pending from tide.consumer_group g, lateral tide._pending(g.id, 2147483646) as w
        where g.outbox_id = target_id order by g.name;
    return;
  end if;
  for reader in
    select n.*, g.name from tide._renumber_messages(target_id, horizon) as n
      join tide.consumer_group g on g.id = n.group_id order by g.name
  loop
    perform tide._rebase_position(reader.group_id, tide._in_progress_too(latest, reader.missed_xids));
    consumer_group := reader.name;
    undelivered := reader.undelivered;
    return next;
  end loop;
  update tide.outbox o set writer_xmin = null where o.id = target_id;
  perform tide._stamp_outbox(target_id);
  perform tide._raise_sequences();
  update tide.installation set id = gen_random_uuid();
  update tide.pipeline p set revision = p.revision + 1 where p.outbox_id = target_id and p.enabled;
  perform pg_notify('tide_config', p.name) from tide.pipeline p where p.outbox_id = target_id and p.enabled;
end $$;
comment on function tide.outbox_rebase(text) is
  'After a restore into another cluster: gives the messages and positions of an outbox transaction ids of this one, and lets its pipelines go on at once. Returns how many messages each consumer group has yet to get. Publishers of the outbox wait meanwhile. Kafka transactions that were open are discarded, with a notice: what they delivered may be delivered again. Does nothing where nothing is foreign.';
