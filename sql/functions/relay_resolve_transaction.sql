create or replace function tide.relay_resolve_transaction(pipeline text, committed boolean) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  pipeline_id int := tide._existing_pipeline(pipeline);
begin
  perform tide._refuse_null('committed', committed::text,
    'Say true when the messages of that transaction are in Kafka, false when they are not.');
  update tide.intent i set answer = committed
    where (i.group_id, i.number) = (
      select o.group_id, min(o.number) from tide.intent o join tide.pipeline p on p.group_id = o.group_id
        where p.id = pipeline_id and o.answer is null
        group by o.group_id);
  if not found then
    raise exception 'pipeline "%" has no Kafka transaction whose outcome is open', pipeline
      using errcode = 'object_not_in_prerequisite_state',
        hint = 'There is nothing to resolve: unresolved_transactions in tide.consumer_group_status is how many there are.';
  end if;
  update tide.pipeline p set revision = p.revision + 1 where p.id = pipeline_id;
  perform pg_notify('tide_config', pipeline);
end $$;
comment on function tide.relay_resolve_transaction(text, boolean) is
  'Answers for Kafka whether the first open transaction of a pipeline was committed, where its brokers no longer know (transaction_unknown, with its number). true: its messages are in Kafka, and the pipeline goes on behind them, or asks of the next one; if they are not, they are lost. false: they are sent again, and those behind them; if they are in Kafka, they are there twice. Where Kafka still knows, its word counts.';
