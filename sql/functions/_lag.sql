create or replace function tide._lag(relay_group text)
returns table (pipeline text, messages bigint, seconds float8)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select l.name, u.pending,
         coalesce(greatest(date_part('epoch', clock_timestamp() - u.oldest), 0), 0)
    from tide.pipeline l cross join lateral tide._pending(l.group_id, 10000) as u
    where l.relay_group = _lag.relay_group and u.pending is not null
$$;
comment on function tide._lag(text) is
  'What each pipeline of a relay group has yet to deliver: how many messages (above 10,000 an estimate), and the age of the oldest in seconds.';
