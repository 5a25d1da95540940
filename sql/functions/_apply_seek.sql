create or replace function tide._apply_seek(group_id int) returns void
language plpgsql
as $$
begin
  update tide.position p
    set (done, page, last_id) = (select w.done, w.page, w.last_id from tide._place_to_read(p) as w),
        seek_request = null, floor_id = 0, next_floor_id = 0, next_floor_xid = null
    where p.group_id = _apply_seek.group_id and p.seek_request is not null;
  if found then
    perform tide._stamp_position(group_id);
  end if;
end $$;
comment on function tide._apply_seek(int) is
  'Moves a position to where it was asked to be, if it was. Whoever calls it may write the position.';
