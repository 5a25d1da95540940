create or replace function tide._commit_letters(
  group_id           int,
  epoch              uuid,
  inout row_ctid     tid,
  done               pg_snapshot,
  page               pg_snapshot,
  last_id            bigint,
  delivered          bigint,
  filtered           bigint,
  letters            jsonb,
  replayed           bigint[],
  replayed_filtered  bigint[],
  out still_parked   text[]
)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '1s'
as $$
declare
  drawn         bigint := tide._next_floor();  -- before anything here draws an xid
  dead_lettered bigint := 0;
begin
  if letters <> '[]' then
    dead_lettered := tide._put_aside(group_id, epoch, letters);
  end if;
  still_parked := '{}';
  if cardinality(replayed || replayed_filtered) > 0 then
    still_parked := array(select tide._end_letters(group_id, epoch, replayed, replayed_filtered));
  end if;
  row_ctid := tide._commit(group_id, epoch, row_ctid, done, page, last_id, delivered, filtered, dead_lettered, null, drawn);
end $$;
comment on function tide._commit_letters(int, uuid, tid, pg_snapshot, pg_snapshot, bigint, bigint, bigint, jsonb, bigint[], bigint[]) is
  'tide._commit with what belongs to it: messages are put aside, as by tide._put_aside, and of those that were tried again it is said that they were delivered or filtered, as by tide._end_letters, whose keys are returned.';
