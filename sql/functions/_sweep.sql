create or replace function tide._sweep(outbox_id int) returns int
language sql security definer
set search_path = pg_catalog, pg_temp
as $$ select tide.outbox_sweep(o.name) from tide.outbox o where o.id = outbox_id $$;
comment on function tide._sweep(int) is 'Sweeps one outbox, if it is still there.';
