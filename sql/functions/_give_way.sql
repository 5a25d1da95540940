-- Who waits here waits in short turns, and holds nothing in between: in a deadlock with the relay,
-- which may have records on their way, it is the operator's call that begins anew.
create or replace function tide._give_way(pipeline_id int, since timestamptz) returns void
language plpgsql
as $$
begin
  if clock_timestamp() > since + interval '10 seconds' then
    raise exception 'dead letters of pipeline "%" are being changed by somebody else',
      (select l.name from tide.pipeline l where l.id = pipeline_id)
      using errcode = 'lock_not_available',
        hint = 'Perhaps another session retried or discarded some and has not committed: COMMIT or ROLLBACK there, and try again.';
  end if;
  perform pg_sleep(random() * 0.05);
end $$;
comment on function tide._give_way(int, timestamptz) is
  'Before dead letters are locked anew, for somebody else has some: lets him go on; raises 55P03 ten seconds after the first try.';
