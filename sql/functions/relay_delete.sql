create or replace function tide.relay_delete(pipeline text, drop_consumer_group boolean default false) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  pipeline_id int := tide._existing_pipeline(pipeline);
  old_group   int;
begin
  if drop_consumer_group then  -- the position before the pipeline, as the relay locks them
    perform from tide.position p
      where p.group_id = (select l.group_id from tide.pipeline l where l.id = pipeline_id) for update;
  end if;
  -- Locked first: what is put aside at this moment is then seen.
  perform from tide.pipeline p where p.id = pipeline_id for update;
  perform tide._refuse_dead_letters(pipeline_id);
  delete from tide.pipeline p where p.id = pipeline_id returning p.group_id into old_group;
  if drop_consumer_group then
    perform tide._delete_group(old_group);
  else
    perform tide._notice_of_left_group(old_group, null);
  end if;
  perform pg_notify('tide_config', pipeline);
end $$;
comment on function tide.relay_delete(text, boolean) is
  'Deletes a pipeline. Its consumer group stays, and messages are kept for it, unless it is dropped too. Refuses while dead letters wait.';
