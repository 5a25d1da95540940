create or replace function tide._out_of_turn(group_id int, number bigint, why text) returns void
language plpgsql
as $$
begin
  raise exception 'transaction % of consumer group % is out of turn: %', coalesce(number::text, '(null)'), group_id, why
    using errcode = 'TD005',
      hint = 'Nothing was written. This is a bug of pg_tide, please report it; the pipeline goes on from what is stored.';
end $$;
comment on function tide._out_of_turn(int, bigint, text) is
  'Raises TD005: the relay would write, or confirm, a Kafka transaction that does not follow the one before it.';
