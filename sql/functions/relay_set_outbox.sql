create or replace function tide.relay_set_outbox(
  pipeline       text,
  outbox         text,
  consumer_group text,
  config         jsonb,
  enabled        boolean default null
) returns text
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  old          tide.pipeline;
  to_outbox    int;
  to_group     int;
  for_relays   text;
begin
  -- One at a time: two could not both take a group, or a name. Readers are not in the way.
  lock table tide.pipeline in share row exclusive mode;
  perform tide._refuse_pipeline(pipeline, outbox, consumer_group, config);
  perform tide._warn_of_clear_secrets(pipeline, config);
  perform tide._warn_of_missing_secrets(pipeline, config);
  perform tide._warn_of_risks(pipeline, config);
  to_outbox := tide._existing_outbox(outbox);
  to_group := tide._group_to_read(to_outbox, consumer_group, tide._config_value(config, 'start_from') #>> '{}');
  for_relays := coalesce(tide._config_value(config, 'relay_group') #>> '{}', 'default');
  select p.* into old from tide.pipeline p where p.name = pipeline;
  if not found then
    insert into tide.pipeline (name, outbox_id, group_id, relay_group, config, enabled)
      values (pipeline, to_outbox, to_group, for_relays, relay_set_outbox.config, coalesce(relay_set_outbox.enabled, true));
  elsif (old.outbox_id, old.group_id, old.config, old.enabled)
      = (to_outbox, to_group, relay_set_outbox.config, coalesce(relay_set_outbox.enabled, old.enabled)) then
    return 'unchanged';
  else
    if old.outbox_id <> to_outbox then
      perform tide._require_read_committed();
      -- Locked first: what is put aside at this moment is then seen.
      perform from tide.pipeline p where p.id = old.id for update;
      perform tide._refuse_dead_letters(old.id);
    end if;
    perform tide._notice_of_left_group(old.group_id, to_group);
    update tide.pipeline p
      set outbox_id = to_outbox, group_id = to_group, relay_group = for_relays, config = relay_set_outbox.config,
          enabled = coalesce(relay_set_outbox.enabled, p.enabled), revision = p.revision + 1
      where p.id = old.id;
  end if;
  perform pg_notify('tide_config', pipeline);
  return case when old.id is null then 'created' else 'updated' end;
end $$;
comment on function tide.relay_set_outbox(text, text, text, jsonb, boolean) is
  'Creates or replaces a pipeline: an outbox, read by a consumer group (made if missing, starting where start_from says), to Kafka as config says (see the view tide.options). Raises one error with every problem found. A new pipeline is enabled; enabled null keeps an old one as it is. Returns created, updated or unchanged.';

-- A pipeline that is there keeps its group: another one would begin where it starts, and send again
-- whatever is retained.
create or replace function tide.relay_set_outbox(pipeline text, outbox text, config jsonb) returns text
language sql security definer
set search_path = pg_catalog, pg_temp
as $$
  select tide.relay_set_outbox($1, $2, coalesce(
    (select g.name
       from tide.pipeline p
         join tide.outbox o on o.id = p.outbox_id
         join tide.consumer_group g on g.id = p.group_id
       where p.name = $1 and o.name = $2), $1), $3)
$$;
comment on function tide.relay_set_outbox(text, text, jsonb) is
  'Creates a pipeline whose consumer group is named after it, or replaces one, which keeps its group.';
