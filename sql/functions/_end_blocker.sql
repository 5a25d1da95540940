-- As its caller, who may end sessions of its own role alone.
create or replace function tide._end_blocker(group_id int) returns text
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  select string_agg(
      case
        when l.pid is null then 'a prepared transaction'
        when a.application_name = 'pg-tide pool' and a.usename = current_user and pg_catalog.pg_terminate_backend(l.pid)
          then null
        else format('session %s (%s)', l.pid, concat_ws(' of ', nullif(a.application_name, ''), a.usename))
      end, ', ')
    from tide.position p
      join pg_catalog.pg_locks l on l.locktype = 'transactionid' and l.granted and l.transactionid = p.xmax
      left join pg_catalog.pg_stat_activity a on a.pid = l.pid
    where p.group_id = $1
$$;
comment on function tide._end_blocker(int) is
  'Ends the transaction of a relay that keeps the position of a group locked, as a frozen one does; who else does so, in words, is left alone.';
