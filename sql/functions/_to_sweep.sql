-- A look without locks that anybody could wait for, so one transaction may do it for all. Where
-- messages stay for days, nobody misses a slot that is let go a minute late: it looks there less often.
create or replace function tide._to_sweep(seconds float8) returns setof int
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '10ms'
as $$
declare
  leftovers boolean := exists (select from tide._empty_rings());  -- any sweep drops them
  ring      tide.outbox;
  is_due    boolean;
begin
  for ring in
    select o.* from tide.outbox o
    where random() * greatest(seconds, least(60, o.retention_hours * 36 / (o.slots - 1))) < seconds
    order by random()
    limit 50  -- what is looked at stays locked against a truncate until the end
  loop
    begin
      is_due := leftovers
        or tide._outbox_is_foreign(ring.id)
        or tide._ring_is_due(ring.id)
        or exists (
          select from generate_series(0, ring.slots - 1) as slot
          where slot <> ring.current_slot and tide._slot_has_rows(ring.id, slot::int2)
            and tide._slot_is_over(ring.id, slot::int2));
    exception
      when lock_not_available or undefined_table then
        is_due := true;
    end;
    if is_due then
      return next ring.id;
    end if;
  end loop;
end $$;
comment on function tide._to_sweep(float8) is
  'The outboxes in which a sweep has something to do or to say, of those whose turn it is: called every so many seconds, it looks at each once in a hundredth of the time that a slot is in use, a minute at most, on average.';
