create or replace function tide._rebase_position(group_id int, done pg_snapshot) returns void
language plpgsql
as $$
declare
  discarded int;
begin
  update tide.position p
    set epoch = gen_random_uuid(), seek_request = null, done = _rebase_position.done, page = null, last_id = 0,
        floor_id = 0, next_floor_id = 0, next_floor_xid = null
    where p.group_id = _rebase_position.group_id;
  perform tide._stamp_position(group_id);
  delete from tide.lease l where l.group_id = _rebase_position.group_id;
  delete from tide.intent i where i.group_id = _rebase_position.group_id;
  get diagnostics discarded = row_count;
  if discarded > 0 then
    raise notice 'consumer group "%" left % Kafka transaction% open, now discarded: what committed ones of them delivered may be delivered again',
      (select g.name from tide.consumer_group g where g.id = group_id), discarded, case when discarded > 1 then 's' else '' end;
  end if;
end $$;
comment on function tide._rebase_position(int, pg_snapshot) is
  'Sets a consumer group to a position of this cluster, with no window open, takes it from whoever runs it, and discards what it left open in Kafka, saying so.';
