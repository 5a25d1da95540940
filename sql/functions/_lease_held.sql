create or replace function tide._lease_held(group_id int, epoch uuid) returns boolean
language sql stable
as $$ select tide._lease_floor($1, $2, null) is not null $$;
comment on function tide._lease_held(int, uuid) is
  'Whether a group is held under an epoch.';
