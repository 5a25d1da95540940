create or replace function tide.consumer_group_seek(outbox text, name text, target text) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  seek_group int := tide._existing_group(outbox, name);
  start      record;
begin
  perform tide._require_read_committed();
  perform tide._refuse_foreign_position(seek_group);
  select p.done, p.page, p.last_id into start from tide._position_at(tide._outbox_id(outbox), target) as p;
  update tide.position p
    set seek_request = jsonb_build_object('target', target, 'done', start.done::text, 'page', start.page::text,
                                          'last_id', start.last_id, 'requested_at', clock_timestamp())
    where p.group_id = seek_group;
  perform tide._stamp_position(seek_group);
  perform pg_notify('tide_config', p.name) from tide.pipeline p where p.group_id = seek_group;
end $$;
comment on function tide.consumer_group_seek(text, text, text) is
  'Asks for a consumer group to go on from a target: earliest, latest, a message id, or a timestamp (digits alone are an id). The relay that runs it follows at once, or the next one that does.';
