-- A look at a few messages beyond the page: where they are delivered, so may millions be behind them.
create or replace function tide._is_sparse(outbox_id int, done pg_snapshot, last_id bigint, max_messages int) returns boolean
language plpgsql stable
set enable_bitmapscan = off
as $$
begin
  perform from (
      select m.xid from tide.message m
        where m.outbox_id = _is_sparse.outbox_id and m.id > last_id + 2 * max_messages
        order by m.id limit 100
    ) as w
    where not pg_visible_in_snapshot(w.xid, done)
    limit 1;
  return not found and not tide._is_large(outbox_id, done);
end $$;
comment on function tide._is_sparse(int, pg_snapshot, bigint, int) is
  'Whether the next page of a window is sooner found by sorting what done does not show than by walking the messages by id: they are few, and delivered ones lie between, as when a transaction was open for long.';
