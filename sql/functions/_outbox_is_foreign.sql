create or replace function tide._outbox_is_foreign(outbox_id int) returns boolean
language sql stable
as $$
  select exists (select from tide.outbox o where o.id = $1 and o.writer_xmin is distinct from o.xmin)
    or exists (
      select from tide.position p join tide.consumer_group g on g.id = p.group_id
      where g.outbox_id = $1 and p.writer_xmin is distinct from p.xmin)
$$;
comment on function tide._outbox_is_foreign(int) is
  'Whether an outbox row or the position of one of its groups was written in another cluster.';
