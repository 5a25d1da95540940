create or replace function tide._notice_of_left_group(left_group int, new_group int) returns void
language plpgsql
as $$
declare
  old record;
begin
  select o.name as outbox, g.name as consumer_group into old
    from tide.consumer_group g join tide.outbox o on o.id = g.outbox_id where g.id = left_group;
  if left_group is distinct from new_group then
    raise notice 'consumer group "%" of outbox "%" remains, and messages are kept for it', old.consumer_group, old.outbox
      using hint = format('If nobody will read on with it, run "SELECT tide.consumer_group_drop(%L, %L)".', old.outbox, old.consumer_group);
  end if;
end $$;
comment on function tide._notice_of_left_group(int, int) is 'Says so when a pipeline leaves a consumer group behind.';
