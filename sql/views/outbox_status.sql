create or replace view tide.outbox_status as select * from tide.outbox_status();
comment on view tide.outbox_status is 'Every outbox and consumer group as tide.outbox_status() tells it.';
