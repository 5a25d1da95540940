create or replace function tide.consumer_group_create(outbox text, name text, start_from text default 'earliest')
returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  outbox_id int := tide._existing_outbox(outbox);
begin
  perform tide._check_name('consumer group name', name);
  if tide._add_group(outbox_id, name, start_from) is null then
    raise exception 'outbox "%" has a consumer group "%" already', outbox, name
      using errcode = 'duplicate_object',
        hint = format('To move it run "SELECT tide.consumer_group_seek(%L, %L, ...)".', outbox, name);
  end if;
end $$;
comment on function tide.consumer_group_create(text, text, text) is
  'Creates a reader of an outbox, which keeps messages from then on until it has them. start_from: earliest, latest, a message id, or a timestamp (digits alone are an id).';
