create or replace function tide._sessions_using(ring regclass) returns text
language sql volatile
as $$
  select string_agg(distinct
      case when l.pid is null then 'a prepared transaction'
           else concat('session ', l.pid, ' (' || nullif(a.application_name, '') || ')') end, ', ')
    from pg_catalog.pg_partition_tree(ring) as t
      join pg_catalog.pg_locks l on l.relation = t.relid and l.locktype = 'relation' and l.granted
      left join pg_catalog.pg_stat_activity a on a.pid = l.pid
    where l.database = (select d.oid from pg_catalog.pg_database d where d.datname = current_database())
      and l.pid is distinct from pg_backend_pid()
$$;
comment on function tide._sessions_using(regclass) is
  'Who else holds a lock on a table or on one of its partitions: its pid and application name; null when nobody does.';
