create or replace view tide.dead_letters as
  select d.id,
         l.name as pipeline,
         o.name as outbox,
         d.message_id,
         d.key,
         d.op,
         d.stage,
         d.reason,
         d.error,
         d.attempts,
         d.first_at,
         d.last_at,
         d.state,
         d.resolved_at,
         d.parks_key,
         case when d.state = 'parked' then (
           select w.id from tide.dead_letter w
             where w.pipeline_id = d.pipeline_id and w.key_hash = d.key_hash and w.key = d.key
               and w.parks_key and w.state = 'waiting' and w.id < d.id
             order by w.id
             limit 1) end as waits_behind,
         d.published_at,
         d.source,
         d.dedup_key,
         case when (select tide._reads_messages()) then d.headers end as headers,
         case when (select tide._reads_messages()) then d.payload end as payload,
         case when (select tide._reads_messages()) then d.payload_bytes end as payload_bytes,
         case when (select tide._reads_messages()) then d.before end as before
    from tide.dead_letter d
      join tide.pipeline l on l.id = d.pipeline_id
      join tide.outbox o on o.id = d.outbox_id
    order by d.id;
comment on view tide.dead_letters is
  'Messages that were put aside, with what was wrong with them. state: waiting, parked (behind waits_behind), retrying; or resolved: delivered, filtered, discarded. What the messages hold is shown to tide_admin alone.';
