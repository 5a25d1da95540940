-- The xmin that a row bears when the calling (sub)transaction writes it cannot be computed inside
-- a savepoint; it is read back and stored by a second update, which bears the same one as long as
-- no EXCEPTION block stands in between.
create or replace function tide._stamp_outbox(outbox_id int) returns void
language sql
as $$
  update tide.outbox o set writer_xmin = o.xmin where o.id = outbox_id;
$$;
comment on function tide._stamp_outbox(int) is
  'Stores an outbox row''s own xmin in it; called right after every write of the row, in the same subtransaction.';
