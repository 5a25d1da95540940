create or replace function tide.outbox_status(name text default null)
returns table (
  outbox               text,
  enabled              boolean,
  retained             bigint,
  retained_is_estimate boolean,
  slots                int,
  current_slot         int,
  retention_hours      numeric,
  consumer_group       text,
  pending              bigint,
  pending_is_estimate  boolean,
  oldest_pending_age   interval,
  held_by              text,
  note                 text
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  if outbox_status.name is not null then
    perform tide._outbox_id(outbox_status.name);
  end if;
  return query
    select o.name, o.enabled, m.retained, m.is_estimate, o.slots::int, o.current_slot::int, o.retention_hours,
           g.name, w.pending, w.is_estimate, case when w.pending > 0 then greatest(clock_timestamp() - w.oldest, interval '0') end,
           h.held_by, tide._group_note(o.id, g.id)
      from tide.outbox o
        cross join lateral tide._retained(o.id, 10000) as m
        cross join lateral tide._retention_held_by(o.id) as h (held_by)
        left join tide.consumer_group g on g.outbox_id = o.id
        left join lateral tide._pending(g.id, 10000) as w on g.id is not null
      where outbox_status.name is null or o.name = outbox_status.name
      order by o.name, g.name;
end $$;
comment on function tide.outbox_status(text) is
  'For each outbox (or one) and each of its consumer groups: what is retained, what is pending and since when, and who keeps expired messages from being let go. Numbers over 10,000 are estimates and marked.';
