create or replace function tide._unlock(group_id int) returns boolean
language sql
as $$ select pg_catalog.pg_advisory_unlock(tide._lock_class(), group_id) $$;
comment on function tide._unlock(int) is 'Gives the lock of a consumer group back.';
