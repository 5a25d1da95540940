create or replace function tide._hold_position(group_id int, epoch uuid) returns int
language plpgsql
as $$
declare
  pipeline_id int;
begin
  perform tide._require_read_committed();
  perform from tide.position p
    where p.group_id = _hold_position.group_id and p.epoch = _hold_position.epoch
    for no key update;
  if not found or not tide._lease_held(group_id, epoch) then
    perform tide._lease_lost(group_id);
  end if;
  -- Locked against its deletion; a pipeline that is gone has nothing to put aside any more.
  select l.id into pipeline_id from tide.pipeline l where l.group_id = _hold_position.group_id for key share;
  if not found then
    perform tide._lease_lost(group_id);
  end if;
  return pipeline_id;
end $$;
comment on function tide._hold_position(int, uuid) is
  'Locks a group''s position against everybody else who would write it, and returns the pipeline that reads the group. Raises TD001 when the group is not held under this epoch.';
