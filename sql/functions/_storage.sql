create or replace function tide._storage()
returns table (outbox text, retained bigint, slots_waiting int)
language sql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
  select o.name, r.retained,
         (select count(*)::int from generate_series(0, o.slots - 1) as s (slot)
           where s.slot <> o.current_slot
             and tide._slot_is_expired(o.id, s.slot::int2) and tide._slot_is_awaited(o.id, s.slot::int2))
    from tide.outbox o cross join lateral tide._retained(o.id, 10000) as r
    order by o.id
$$;
comment on function tide._storage() is
  'What each outbox holds: messages (above 10,000 an estimate), and expired slots that a consumer group still holds up.';
