create or replace function tide._delete_group(group_id int) returns void
language sql
as $$
  delete from tide.lease l where l.group_id = $1;
  delete from tide.consumer_group g where g.id = $1;
$$;
comment on function tide._delete_group(int) is 'Deletes a consumer group with its position and lease.';
