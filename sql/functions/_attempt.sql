create or replace function tide._attempt(group_id int, epoch uuid, message_id bigint) returns int
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  tried int;
begin
  perform set_config('synchronous_commit', 'on', true);
  perform tide._hold_position(group_id, epoch);
  update tide.position p
    set attempts = case
          when _attempt.message_id is null then 0
          when p.attempt_id = _attempt.message_id then p.attempts + 1
          else 1
        end,
        attempt_id = _attempt.message_id
    where p.group_id = _attempt.group_id
    returning p.attempts into tried;
  perform tide._stamp_position(group_id);
  return tried;
end $$;
comment on function tide._attempt(int, uuid, bigint) is
  'Takes note, durably, that a message is about to be tried alone, and returns how often it has been, this time counted; null: none is. Raises TD001 without the lease.';
