create or replace function tide._group_to_read(outbox_id int, name text, start_from text) returns int
language plpgsql
as $$
declare
  there int;
begin
  select g.id into there from tide.consumer_group g
    where g.outbox_id = _group_to_read.outbox_id and g.name = _group_to_read.name;
  return coalesce(there, tide._add_group(outbox_id, name, coalesce(start_from, 'earliest')));
end $$;
comment on function tide._group_to_read(int, text, text) is
  'The id of a consumer group, made if missing, to start from a target.';
