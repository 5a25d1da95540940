create or replace function tide._latest_snapshot() returns pg_snapshot
language plpgsql
as $$
declare
  now_snapshot pg_snapshot := pg_current_snapshot();
  own xid8 := pg_current_xact_id_if_assigned();
  in_progress text;
begin
  -- An own xid at or above xmax is in progress to this snapshot already; below, it is left out
  -- of it, and what the caller has yet to publish would look delivered.
  if own is null or own >= pg_snapshot_xmax(now_snapshot) then
    return now_snapshot;
  end if;
  select string_agg(x::text, ',' order by x) into in_progress
    from (select pg_snapshot_xip(now_snapshot) union select own) as running (x);
  return (pg_snapshot_xmin(now_snapshot)::text || ':' || pg_snapshot_xmax(now_snapshot)::text
          || ':' || in_progress)::pg_snapshot;
end $$;
comment on function tide._latest_snapshot() is
  'The current snapshot with the caller''s own transaction among those in progress: what it still publishes is not in it.';
