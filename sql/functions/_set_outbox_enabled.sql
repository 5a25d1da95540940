create or replace function tide._set_outbox_enabled(outbox text, enabled boolean) returns void
language plpgsql
as $$
declare
  outbox_id int := tide._existing_outbox(outbox);
begin
  perform tide._refuse_foreign_outbox(outbox_id);
  update tide.outbox o set enabled = _set_outbox_enabled.enabled
    where o.id = outbox_id and o.enabled <> _set_outbox_enabled.enabled;
  if found then
    perform tide._stamp_outbox(outbox_id);
  end if;
end $$;
comment on function tide._set_outbox_enabled(text, boolean) is 'What tide.outbox_enable and tide.outbox_disable share.';
