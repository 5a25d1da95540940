-- A failure, a halt or a wait is told even when nobody holds the pipeline for it, as long as a relay is there.
create or replace view tide.relay_status as
  select l.name as pipeline,
         o.name as outbox,
         g.name as consumer_group,
         l.config ->> 'brokers' as brokers,
         coalesce(l.config ->> 'topic', (l.config ->> 'topic_prefix') || '{outbox}') as topic,
         l.enabled,
         t.state,
         w.relay as owner,
         case when t.state = s.state or t.state = 'idle' then s.since end as since,
         p.delivered,
         p.filtered,
         p.dead_lettered,
         u.pending,
         u.is_estimate as pending_is_estimate,
         case
           when u.pending = 0 then 0
           when u.pending > 0 then round(greatest(extract(epoch from clock_timestamp() - u.oldest), 0)::numeric, 3)::float8
         end as lag_seconds,
         p.last_delivered_at,
         s.reason as last_error,
         s.hint,
         case when t.state = s.state then s.next_try end as next_retry,
         c.parked_keys,
         c.dead_letters
    from tide.pipeline l
      join tide.outbox o on o.id = l.outbox_id
      join tide.consumer_group g on g.id = l.group_id
      join tide.position p on p.group_id = l.group_id
      cross join lateral tide._pending(l.group_id, 10000) as u
      left join tide._owners() as w on w.group_id = l.group_id
      left join tide._dead_letter_counts(null) as c on c.pipeline = l.name
      left join tide.pipeline_state s on s.pipeline_id = l.id
      cross join lateral (
        select case
          when not l.enabled then 'disabled'
          when w.relay_id is null and s.state in ('failed', 'halted') and exists (select from tide._live_relays()) then s.state
          when w.relay_id is null and s.state = 'retrying' and s.next_try > clock_timestamp() - interval '5 seconds'
            and exists (select from tide._live_relays()) then s.state
          when w.relay_id is null then 'not owned'
          when coalesce(s.state, 'running') <> 'running' then s.state
          when u.pending = 0 then 'idle'
          else 'running'
        end
      ) as t (state)
    order by l.name;
comment on view tide.relay_status is
  'Every pipeline as it stands now. state: running, idle, retrying, failed, halted, disabled, or not owned when no live relay runs it.';
