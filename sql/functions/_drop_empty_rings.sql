create or replace function tide._drop_empty_rings() returns int
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  ring    text;
  dropped int := 0;
begin
  for ring in
    select c.relname from pg_catalog.pg_inherits i join pg_catalog.pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'tide.message'::regclass
      and not exists (select from pg_catalog.pg_inherits leaf where leaf.inhparent = c.oid)
      and not exists (select from tide.outbox o where c.relname = format('message_%s', o.id))
  loop
    begin
      lock table only tide.message in access exclusive mode nowait;
    exception
      when lock_not_available then
        return dropped;
    end;
    execute format('drop table tide.%I', ring);
    dropped := dropped + 1;
  end loop;
  return dropped;
end $$;
comment on function tide._drop_empty_rings() is
  'Removes the tables that dropped outboxes left behind, if nobody publishes or polls this moment; in a short transaction, for tide.message is locked until its end. Returns how many.';
