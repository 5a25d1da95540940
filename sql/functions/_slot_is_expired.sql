-- Volatile, so that its query sees what was committed before it and not before the caller's statement.
create or replace function tide._slot_is_expired(outbox_id int, slot int2) returns boolean
language plpgsql volatile
set enable_seqscan = off
set jit = off
set plan_cache_mode = force_custom_plan
as $$
declare
  expired boolean;
begin
  select newest.published_at <= clock_timestamp() - make_interval(secs => (o.retention_hours * 3600)::float8)
    into expired
    from tide.outbox o,
      lateral (
        select m.published_at from tide.message m
        where m.outbox_id = _slot_is_expired.outbox_id and m.slot = _slot_is_expired.slot
        order by m.id desc limit 1
      ) as newest
    where o.id = _slot_is_expired.outbox_id;
  return coalesce(expired, false);
end $$;
comment on function tide._slot_is_expired(int, int2) is
  'Whether a slot holds messages, the newest of them older than the outbox retains.';
