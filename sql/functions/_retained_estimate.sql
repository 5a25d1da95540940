create or replace function tide._retained_estimate(outbox_id int, from_id bigint default null) returns bigint
language plpgsql stable
as $$
declare
  retained numeric;
  lowest   bigint;
  highest  bigint;
begin
  -- The density that the last ANALYZE found, at the present size; before the first one what the
  -- statistics count, which a crash empties, but at least a message a page.
  select sum(case when c.relpages > 0 then c.reltuples / c.relpages * size.pages
                  else greatest(pg_catalog.pg_stat_get_live_tuples(c.oid), size.pages) end) into retained
    from pg_catalog.pg_partition_tree(format('tide.message_%s', outbox_id)::regclass) as t
      join pg_catalog.pg_class c on c.oid = t.relid,
      lateral (select pg_catalog.pg_relation_size(c.oid) / current_setting('block_size')::int) as size (pages)
    where t.isleaf;
  if from_id is not null then
    select min(m.id), max(m.id) into lowest, highest from tide.message m
      where m.outbox_id = _retained_estimate.outbox_id;
    retained := retained * (highest - from_id + 1) / (highest - lowest + 1);
  end if;
  return retained::bigint;
end $$;
comment on function tide._retained_estimate(int, bigint) is
  'About how many messages an outbox keeps, or how many of them have from_id or a later id.';
