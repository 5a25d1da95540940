-- A group's stored position speaks of the messages of its own cluster alone: whatever may be of
-- another one than the position, the group gets. Real transaction ids begin above 255 (initdb
-- takes hundreds), so those up to there are given here, and were given by a rebase wherever met.
create or replace function tide._renumber_messages(outbox_id int, horizon bigint)
returns table (group_id int, missed_xids bigint[], undelivered bigint)
language plpgsql
set enable_nestloop = off
set jit = off
as $$
#variable_conflict use_column
declare
  copied_by bigint[] := tide._copied_by(outbox_id, horizon);
begin
  return query
    with reader as materialized (
      select g.id as group_id, w.done, w.page, w.last_id,
             p.writer_xmin is distinct from p.xmin or o.writer_xmin is distinct from o.xmin as is_foreign
        from tide.outbox o join tide.consumer_group g on g.outbox_id = o.id join tide.position p on p.group_id = g.id
          cross join lateral tide._place_to_read(p) as w
        where o.id = _renumber_messages.outbox_id
    ), message as (
      select m.tableoid as part, m.ctid as place, m.id, m.xid, w.stored > w.written as is_foreign,
             w.stored >= 256 and w.stored <= w.written
               and (w.stored = w.written or w.written <> all (copied_by)) as may_be_own
        from tide.message m, lateral (
          select m.xid::text::bigint as stored, tide._full_xid(m.xmin, horizon) as written
        ) as w
        where m.outbox_id = _renumber_messages.outbox_id
    ), judged as materialized (
      select m.part, m.place, array(
          select r.group_id from reader r
            where case when r.is_foreign then m.may_be_own else m.is_foreign end
              or not pg_visible_in_snapshot(m.xid, r.done)
                 and (r.page is null or m.id > r.last_id or not pg_visible_in_snapshot(m.xid, r.page))
            order by r.group_id) as missed_by
        from message m
    ), numbered as materialized (
      select j.missed_by, count(*) as messages,
             2 + row_number() over (order by j.missed_by) + (min(j.missed_by) over () <> '{}')::int as new_xid
        from judged j group by j.missed_by
    ), renumbered as (
      update tide.message m set xid = n.new_xid::text::xid8
        from judged j join numbered n on n.missed_by = j.missed_by
        where m.outbox_id = _renumber_messages.outbox_id and m.tableoid = j.part and m.ctid = j.place
    )
    select r.group_id, coalesce(array_agg(n.new_xid) filter (where n.new_xid is not null), '{}'),
           coalesce(sum(n.messages), 0)::bigint
      from reader r left join numbered n on r.group_id = any (n.missed_by)
      group by r.group_id;
  if exists (select from tide.message m where m.outbox_id = _renumber_messages.outbox_id and m.xid >= '256') then
    raise exception 'the consumer groups of outbox "%" miss too many different sets of messages',
      (select o.name from tide.outbox o where o.id = _renumber_messages.outbox_id)
      using errcode = 'program_limit_exceeded',
        hint = 'Drop consumer groups that nobody uses any more with tide.consumer_group_drop(), and try again.';
  end if;
end $$;
comment on function tide._renumber_messages(int, bigint) is
  'Gives each message of an outbox one of the oldest transaction ids: 3 if every consumer group has it, else the one that stands for the groups that miss it. Returns for each group those of what it misses. The caller has locked the tables.';
