-- Attached, not created as a partition: that would wait for every open transaction that published
-- anywhere, and stall all who come after. Nothing is vacuumed for its inserts' sake, for slots are
-- truncated; what rolled-back transactions left behind still is.
create or replace function tide._create_ring(outbox_id int, slots int) returns void
language plpgsql
as $$
begin
  execute format('create table tide.message_%s (like tide.message including storage) partition by list (slot)', outbox_id);
  execute format('alter table tide.message attach partition tide.message_%1$s for values in (%1$s)', outbox_id);
  for slot in 0 .. slots - 1 loop
    execute format(
      'create table tide.message_%1$s_%2$s partition of tide.message_%1$s for values in (%2$s)'
        ' with (autovacuum_vacuum_insert_threshold = -1)', outbox_id, slot);
  end loop;
end $$;
comment on function tide._create_ring(int, int) is
  'Creates the tables of an outbox: message_<id>, and in it message_<id>_<slot> for each slot. Delays no publisher.';
