-- One (sub)transaction publishes under one xid: where the rows that one wrote have several, they
-- were copied. Later than the rows that a restore brought along, it may have been an update.
create or replace function tide._copied_by(outbox_id int, horizon bigint) returns bigint[]
language sql stable
set jit = off
as $$
  select coalesce(array_agg(w.writer), '{}')
    from (
      select tide._full_xid(m.xmin, horizon) as writer
        from tide.message m where m.outbox_id = $1
        group by m.xmin
        having min(m.xid::text::bigint) <> max(m.xid::text::bigint)
    ) as w
    where w.writer <= (
      select max(tide._full_xid(r.xmin, horizon))
        from (
          select o.xmin, o.writer_xmin from tide.outbox o where o.id = $1
          union all
          select p.xmin, p.writer_xmin from tide.position p join tide.consumer_group g on g.id = p.group_id
            where g.outbox_id = $1
        ) as r
        where r.writer_xmin is distinct from r.xmin)
$$;
comment on function tide._copied_by(int, bigint) is
  'The transactions of this cluster that brought messages of an outbox from another one, as far as that shows.';
