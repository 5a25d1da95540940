create or replace function tide.outbox_sweep(name text default null) returns int
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  swept_outbox tide.outbox;
  emptied      int := 0;
  ring_slot    int;
begin
  perform tide._require_read_committed();
  if name is not null then
    perform tide._outbox_id(name);
  end if;
  for swept_outbox in
    select o.* from tide.outbox o where outbox_sweep.name is null or o.name = outbox_sweep.name order by o.id
  loop
    if tide._outbox_is_foreign(swept_outbox.id) then
      raise warning 'outbox "%" was not swept: it, or a position in it, was restored from another cluster', swept_outbox.name
        using hint = format('Run "SELECT tide.outbox_rebase(%L)" once.', swept_outbox.name);
      continue;
    end if;
    for ring_slot in 0 .. swept_outbox.slots - 1 loop
      if ring_slot <> swept_outbox.current_slot then
        emptied := emptied + tide._empty_slot(swept_outbox.id, ring_slot::int2)::int;
      end if;
    end loop;
    perform tide._turn_ring(swept_outbox.id);
  end loop;
  perform tide._drop_empty_rings();
  return emptied;
end $$;
comment on function tide.outbox_sweep(text) is
  'Retention: truncates the slots of one outbox, or of all, that are delivered and older than retention_hours, and moves publishers on to the next slot when it is time. Returns how many slots were truncated; never waits for a lock.';
