create or replace function tide._no_such_message(pipeline_id int, message_id bigint) returns void
language plpgsql
as $$
begin
  raise exception 'message % of pipeline "%" cannot be put aside: it is neither in its outbox nor among the dead letters',
    message_id, (select l.name from tide.pipeline l where l.id = pipeline_id)
    using errcode = 'TD004',
      hint = 'Was it deleted by hand? The relay reads on from the stored position once the pipeline is enabled again.';
end $$;
comment on function tide._no_such_message(int, bigint) is 'Raises TD004: a message is nowhere.';
