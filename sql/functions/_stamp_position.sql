create or replace function tide._stamp_position(group_id int) returns void
language sql
as $$
  update tide.position p set writer_xmin = p.xmin where p.group_id = _stamp_position.group_id;
$$;
comment on function tide._stamp_position(int) is
  'Stores a position row''s own xmin in it; called right after every write of the row, in the same subtransaction.';
