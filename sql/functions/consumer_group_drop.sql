create or replace function tide.consumer_group_drop(outbox text, name text) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  old_group int  := tide._existing_group(outbox, name);
  used_by   text := (select p.name from tide.pipeline p where p.group_id = old_group);
begin
  if used_by is not null then
    raise exception 'consumer group "%" of outbox "%" is used by pipeline "%"', name, outbox, used_by
      using errcode = 'dependent_objects_still_exist',
        hint = format('Both go with "SELECT tide.relay_delete(%L, drop_consumer_group => true)".', used_by);
  end if;
  perform tide._delete_group(old_group);
end $$;
comment on function tide.consumer_group_drop(text, text) is
  'Drops a consumer group and its position; what it has yet to deliver is no longer kept for it. Refuses while a pipeline uses it.';
