create or replace function tide._free_orphans(pipeline_id int) returns void
language plpgsql
as $$
declare
  somewhere bigint;
begin
  select f.id + (random() * (l.id - f.id))::bigint into somewhere
    from (
      select d.id from tide.dead_letter d
        where d.pipeline_id between _free_orphans.pipeline_id and _free_orphans.pipeline_id and d.state = 'parked'
        order by d.pipeline_id, d.id limit 1
    ) as f, (
      select d.id from tide.dead_letter d
        where d.pipeline_id between _free_orphans.pipeline_id and _free_orphans.pipeline_id and d.state = 'parked'
        order by d.pipeline_id desc, d.id desc limit 1
    ) as l;
  if somewhere is null then
    return;
  end if;
  update tide.dead_letter d
    set state = 'retrying'
    where d.state like 'parked' and d.id = any (array(
      select f.id
        from (
          (select p.key from tide.dead_letter p
             where p.pipeline_id between _free_orphans.pipeline_id and _free_orphans.pipeline_id and p.state = 'parked'
             order by p.pipeline_id, p.id limit 100)
          union
          (select p.key from tide.dead_letter p
             where (p.pipeline_id, p.id) >= (_free_orphans.pipeline_id, somewhere) and p.pipeline_id <= _free_orphans.pipeline_id
               and p.state = 'parked'
             order by p.pipeline_id, p.id limit 100)
        ) as k
          cross join lateral (select * from tide._first_of_chain(_free_orphans.pipeline_id, k.key)) as f
        where f.state = 'parked'));
end $$;
comment on function tide._free_orphans(int) is
  'Whoever deleted the first of a chain by hand left the others without anybody to wait for: marks the next to be tried again. Looks at some chains, others each time.';
