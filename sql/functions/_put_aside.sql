-- Each letter looks up what belongs to it by an index, whatever the statistics say: hence the
-- lateral join and the subqueries with a limit.
--
-- The relay locks the first of a chain before it adds to its end, so that whoever resolves the
-- first also sees what came behind it. Where somebody is at it already, the relay does not wait:
-- what it adds is marked to be tried again, which it is not before the chain's first is resolved.
create or replace function tide._put_aside(group_id int, epoch uuid, letters jsonb) returns int
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_bitmapscan = off
set enable_material = off
set jit = off
set plan_cache_mode = force_custom_plan
as $$
declare
  of_pipeline int := tide._hold_position(group_id, epoch);
  of_outbox   int := (select g.outbox_id from tide.consumer_group g where g.id = group_id);
  at          tide.position;
  new_ids     bigint[];
  lost        bigint;
begin
  select p.* into at from tide.position p where p.group_id = _put_aside.group_id;
  update tide.dead_letter d
    set state = 'waiting', stage = l.stage, reason = l.reason, error = left(l.error, 10000),
        attempts = d.attempts + l.attempts, last_at = clock_timestamp(),
        parks_key = d.key is not null and (d.parks_key or l.parks_key)
    from tide._letters(letters) as l
      cross join lateral (
        select u.id from tide.dead_letter u
        where u.pipeline_id = of_pipeline and u.message_id = l.message_id
          and u.state in ('waiting', 'parked', 'retrying')
        limit 1) as u
    where l.state = 'waiting' and d.id = u.id and d.state in ('waiting', 'parked', 'retrying');
  with added as (
    insert into tide.dead_letter as d
      (pipeline_id, outbox_id, message_id, published_at, op, key, dedup_key, source, headers, payload, payload_bytes,
       before, stage, reason, error, attempts, first_at, state, parks_key)
    select of_pipeline, of_outbox, m.id, m.published_at, m.op, m.key, m.dedup_key, m.source, m.headers, m.payload,
           m.payload_bytes, m.before, l.stage, l.reason, left(l.error, 10000), l.attempts, l.first_at, l.state,
           m.key is not null and l.parks_key
      from tide._letters(letters) as l
        cross join lateral (
          select * from tide.message w where w.outbox_id = of_outbox and w.id = l.message_id limit 1) as m
      where (
          select u.id from tide.dead_letter u
          where u.pipeline_id = of_pipeline and u.message_id = l.message_id
            and u.state in ('waiting', 'parked', 'retrying')
          limit 1) is null
        -- What the position has passed was tried again, and discarded meanwhile.
        and not (
          (pg_visible_in_snapshot(m.xid, at.done)
            or m.id <= at.last_id and coalesce(pg_visible_in_snapshot(m.xid, at.page), false))
          and (
            select u.id from tide.dead_letter u
            where u.pipeline_id = of_pipeline and u.message_id = l.message_id and u.state = 'discarded'
            limit 1) is not null)
      order by l.place
    returning d.id, d.state)
  select array_agg(a.id) into new_ids from added a;
  if cardinality(new_ids) = jsonb_array_length(letters) then
    perform tide._queue_behind(new_ids);
    return cardinality(new_ids);
  end if;
  select l.message_id into lost
    from tide._letters(letters) as l
    where (
        select d.id from tide.dead_letter d
        where d.pipeline_id = of_pipeline and d.message_id = l.message_id
          and d.state in ('waiting', 'parked', 'retrying')
        limit 1) is null
      and (
        select d.id from tide.dead_letter d
        where d.pipeline_id = of_pipeline and d.message_id = l.message_id and d.state = 'discarded'
        limit 1) is null
    limit 1;
  if found then
    perform tide._no_such_message(of_pipeline, lost);
  end if;
  perform tide._queue_behind(new_ids);
  return coalesce(cardinality(new_ids), 0);
end $$;
comment on function tide._put_aside(int, uuid, jsonb) is
  'Puts messages aside, in the order of an array of {message_id, state, parks_key, stage, reason, error, attempts, first_at}, and returns how many are new. One that is there, unresolved, is brought up to date if its state is waiting, and left as it is if parked. Raises TD001 without the lease, TD004 for a message that is nowhere.';
