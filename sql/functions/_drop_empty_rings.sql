create or replace function tide._drop_empty_rings() returns int
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  ring    text;
  dropped int := 0;
begin
  for ring in select r from tide._empty_rings() as r
  loop
    begin
      lock table only tide.message in access exclusive mode nowait;
    exception
      when lock_not_available then
        return dropped;
    end;
    execute format('drop table tide.%I', ring);
    dropped := dropped + 1;
  end loop;
  return dropped;
end $$;
comment on function tide._drop_empty_rings() is
  'Removes the tables that dropped outboxes left behind, if nobody publishes or polls this moment; in a short transaction, for tide.message is locked until its end. Returns how many.';
