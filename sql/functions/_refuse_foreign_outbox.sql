-- Called before a row is written anew, for writing makes the stored and the real xmin equal again.
create or replace function tide._refuse_foreign_outbox(outbox_id int) returns void
language plpgsql
as $$
declare
  foreign_name text;
begin
  select o.name into foreign_name from tide.outbox o
    where o.id = outbox_id and o.writer_xmin is distinct from o.xmin;
  if found then
    perform tide._foreign_error(foreign_name, 'its own row was written there');
  end if;
end $$;
comment on function tide._refuse_foreign_outbox(int) is
  'Raises TD002 when an outbox row was written in another cluster.';
