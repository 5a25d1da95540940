create or replace function tide._draw_xid() returns xid8
language sql
as $$ select pg_catalog.pg_current_xact_id() $$;
comment on function tide._draw_xid() is
  'A transaction id given out now: whoever had one before is below it, and is over once a snapshot''s xmin is above it.';
