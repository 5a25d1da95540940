create or replace function tide._has_foreign_messages(outbox_id int, horizon bigint) returns boolean
language sql stable
as $$
  select exists (
    select from tide.message m
    where m.outbox_id = $1 and m.xid::text::bigint > tide._full_xid(m.xmin, horizon))
$$;
comment on function tide._has_foreign_messages(int, bigint) is
  'Whether an outbox has messages under a transaction id greater than that of the transaction that wrote them here: they were copied.';
