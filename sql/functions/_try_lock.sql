create or replace function tide._try_lock(group_id int) returns boolean
language sql
as $$ select pg_catalog.pg_try_advisory_lock(tide._lock_class(), group_id) $$;
comment on function tide._try_lock(int) is 'Takes the lock of a consumer group for this connection, if it is free.';
