create or replace function tide._rebase_position(group_id int, done pg_snapshot) returns void
language plpgsql
as $$
begin
  update tide.position p
    set epoch = gen_random_uuid(), seek_request = null, done = _rebase_position.done, page = null, last_id = 0,
        floor_id = 0, next_floor_id = 0, next_floor_xid = null
    where p.group_id = _rebase_position.group_id;
  perform tide._stamp_position(group_id);
  delete from tide.lease l where l.group_id = _rebase_position.group_id;
end $$;
comment on function tide._rebase_position(int, pg_snapshot) is
  'Sets a consumer group to a position of this cluster, with no window open, and takes it from whoever runs it.';
