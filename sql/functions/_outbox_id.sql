create or replace function tide._outbox_id(outbox text) returns int
language plpgsql stable
as $$
declare
  found_id int;
begin
  select o.id into found_id from tide.outbox o where o.name = outbox;
  if not found then
    perform tide._no_such_outbox(outbox);
  end if;
  return found_id;
end $$;
comment on function tide._outbox_id(text) is 'The id of an outbox; raises 42704 with the nearest name when there is none.';
