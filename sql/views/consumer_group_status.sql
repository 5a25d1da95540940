create or replace view tide.consumer_group_status as
  select o.name as outbox,
         g.name as consumer_group,
         l.name as pipeline,
         w.relay as owner,
         u.pending,
         u.is_estimate as pending_is_estimate,
         case when u.pending > 0 then greatest(clock_timestamp() - u.oldest, interval '0') end as oldest_pending_age,
         p.delivered,
         p.filtered,
         p.dead_lettered,
         p.last_delivered_at,
         p.seek_request ->> 'target' as seek_target,
         (p.seek_request ->> 'requested_at')::timestamptz as seek_requested_at,
         g.created_at,
         (select count(*) from tide.intent i where i.group_id = g.id and i.number > p.number) as unresolved_transactions,
         nullif(p.number, 0) as last_transaction
    from tide.consumer_group g
      join tide.outbox o on o.id = g.outbox_id
      join tide.position p on p.group_id = g.id
      cross join lateral tide._pending(g.id, 10000) as u
      left join tide._owners() as w on w.group_id = g.id
      left join tide.pipeline l on l.group_id = g.id
    order by o.name, g.name;
comment on view tide.consumer_group_status is
  'Every consumer group: who reads with it, what is pending, a seek that was asked for and not applied yet, and how many Kafka transactions have no known outcome yet.';
