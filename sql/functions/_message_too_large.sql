create or replace function tide._message_too_large(outbox text, size int, limit_bytes int) returns void
language plpgsql immutable
as $$
begin
  raise exception 'payload of % bytes is larger than the % bytes that outbox "%" takes', size, limit_bytes, outbox
    using errcode = 'program_limit_exceeded',
      hint = format('Publish a reference to it instead, or raise the limit with "SELECT tide.outbox_alter(%L, max_message_bytes => %s)".', outbox, size);
end $$;
comment on function tide._message_too_large(text, int, int) is 'Raises 54000 with both sizes.';
