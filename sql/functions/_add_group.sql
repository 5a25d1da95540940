create or replace function tide._add_group(outbox_id int, name text, start_from text) returns int
language plpgsql
as $$
declare
  new_id int;
  start  record;
begin
  perform tide._refuse_foreign_outbox(outbox_id);
  select p.done, p.page, p.last_id into start from tide._position_at(outbox_id, start_from) as p;
  insert into tide.consumer_group (outbox_id, name) values (_add_group.outbox_id, _add_group.name)
    on conflict do nothing
    returning id into new_id;
  if new_id is null then
    return null;
  end if;
  insert into tide.position (group_id, done, page, last_id) values (new_id, start.done, start.page, start.last_id);
  perform tide._stamp_position(new_id);
  return new_id;
end $$;
comment on function tide._add_group(int, text, text) is
  'Makes a consumer group that starts at a target, and returns its id; null when there is one of that name.';
