create or replace function tide.outbox_alter(
  name              text,
  retention_hours   numeric default null,
  max_message_bytes int     default null
) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  outbox_id int := tide._existing_outbox(name);
begin
  if retention_hours is null and max_message_bytes is null then
    raise exception 'nothing to change in outbox "%"', name
      using errcode = 'null_value_not_allowed',
        hint = 'Pass retention_hours => ..., max_message_bytes => ... (0 for no limit), or both.';
  end if;
  if retention_hours is not null then
    perform tide._check_retention(retention_hours);
  end if;
  perform tide._check_message_limit(max_message_bytes);
  perform tide._refuse_foreign_outbox(outbox_id);
  update tide.outbox o
    set retention_hours = coalesce(outbox_alter.retention_hours, o.retention_hours),
        max_message_bytes = nullif(coalesce(outbox_alter.max_message_bytes, o.max_message_bytes), 0)
    where o.id = outbox_id;
  perform tide._stamp_outbox(outbox_id);
end $$;
comment on function tide.outbox_alter(text, numeric, int) is
  'Changes settings of an outbox; what is null stays as it is. max_message_bytes 0 lifts the limit.';
