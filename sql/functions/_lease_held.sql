create or replace function tide._lease_held(group_id int, epoch uuid, row_ctid tid default null) returns boolean
language sql stable
as $$ select tide._lease_floor($1, $2, $3) is not null $$;
comment on function tide._lease_held(int, uuid, tid) is
  'Whether a group is held under an epoch.';
