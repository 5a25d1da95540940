create or replace function tide._lease_held(group_id int, epoch uuid) returns boolean
language sql stable
as $$
  select exists (
    select from tide.lease l join tide.position p on p.group_id = l.group_id
    where l.group_id = _lease_held.group_id and l.epoch = _lease_held.epoch and p.epoch = _lease_held.epoch
      and l.writer_xmin = l.xmin)
$$;
comment on function tide._lease_held(int, uuid) is
  'Whether a group is held under an epoch, in the logged row and in the unlogged one that a crash or a promotion empties; a lease carried along by a dump does not count.';
