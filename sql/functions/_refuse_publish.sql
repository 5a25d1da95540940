create or replace function tide._refuse_publish(outbox text, op text) returns void
language plpgsql stable
as $$
begin
  if outbox is null then
    raise exception 'outbox must not be null' using errcode = 'null_value_not_allowed',
      hint = 'Name the outbox to publish to, as created with tide.outbox_create().';
  end if;
  if not exists (select from tide.outbox o where o.name = outbox) then
    perform tide._no_such_outbox(outbox);
  end if;
  if exists (select from tide.outbox o where o.name = outbox and not o.enabled) then
    raise exception 'outbox "%" is disabled', outbox
      using errcode = 'object_not_in_prerequisite_state',
        hint = format('Enable it with "SELECT tide.outbox_enable(%L)".', outbox);
  end if;
  raise exception 'op must be a word, not %', coalesce('''' || op || '''', 'null')
    using errcode = 'invalid_parameter_value', hint = 'Use ''insert'', ''update'', ''delete'', or a word of your own.';
end $$;
comment on function tide._refuse_publish(text, text) is 'Says why a message cannot be published: the slow path, to an error.';
