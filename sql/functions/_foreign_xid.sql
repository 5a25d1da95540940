create or replace function tide._foreign_xid(outbox_id int, message_id bigint) returns bigint
language plpgsql stable
as $$
begin
  perform tide._foreign_error(o.name, format('the transaction of message %s has yet to begin here', message_id))
    from tide.outbox o where o.id = outbox_id;
  return null;
end $$;
comment on function tide._foreign_xid(int, bigint) is
  'Raises TD002 for a message that is visible although its transaction id has not been given out.';
