create or replace function tide._in_progress_too(base pg_snapshot, xids bigint[]) returns pg_snapshot
language sql immutable
as $$
  select (least(pg_snapshot_xmin(base)::text::bigint, min(u.xid))::text || ':' || pg_snapshot_xmax(base)::text
          || ':' || coalesce(string_agg(u.xid::text, ',' order by u.xid), ''))::pg_snapshot
    from (
      select x::text::bigint from pg_snapshot_xip(base) as x
      union
      select x from unnest(xids) as x
    ) as u (xid)
$$;
comment on function tide._in_progress_too(pg_snapshot, bigint[]) is
  'A snapshot with further transaction ids, below its xmax, among those in progress.';
