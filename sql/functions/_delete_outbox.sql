-- The table message_<id> itself stays, empty, until tide._drop_empty_rings: dropping it locks
-- tide.message for everybody until the caller's transaction ends. A publisher that found the
-- outbox before it was dropped fails, for its slot is gone.
create or replace function tide._delete_outbox(outbox_id int) returns void
language plpgsql
as $$
declare
  leaf regclass;
begin
  delete from tide.pipeline p where p.outbox_id = _delete_outbox.outbox_id;
  delete from tide.lease l using tide.consumer_group g
    where g.id = l.group_id and g.outbox_id = _delete_outbox.outbox_id;
  delete from tide.consumer_group g where g.outbox_id = _delete_outbox.outbox_id;
  delete from tide.outbox o where o.id = _delete_outbox.outbox_id;
  for leaf in
    select t.relid from pg_catalog.pg_partition_tree(format('tide.message_%s', outbox_id)::regclass) as t where t.isleaf
  loop
    execute format('drop table %s', leaf);
  end loop;
  execute format('drop sequence tide.wake_%s', outbox_id);
end $$;
comment on function tide._delete_outbox(int) is
  'Deletes an outbox and all that belongs to it. The caller has locked its tables.';
