create or replace function tide._existing_outbox(outbox text) returns int
language plpgsql stable
as $$
begin
  perform tide._refuse_null('outbox', outbox, 'Name the outbox, as created with tide.outbox_create().');
  return tide._outbox_id(outbox);
end $$;
comment on function tide._existing_outbox(text) is
  'The id of the outbox that an argument names; raises 22004 for null, 42704 when there is none.';
