create or replace function tide.outbox_create(
  name              text,
  retention_hours   numeric default 24,
  slots             int     default 4,
  max_message_bytes int     default null,
  if_not_exists     boolean default false
) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  new_id int;
begin
  perform tide._check_name('outbox name', name);
  perform tide._check_retention(retention_hours);
  perform tide._check_message_limit(max_message_bytes);
  if slots is null or slots not between 2 and 100 then
    raise exception 'slots must be between 2 and 100, not %', coalesce(slots::text, 'null')
      using errcode = 'invalid_parameter_value',
        hint = 'More slots let go of old messages in smaller parts; 4 suits most.';
  end if;
  insert into tide.outbox (name, retention_hours, slots, max_message_bytes)
    values (outbox_create.name, outbox_create.retention_hours, outbox_create.slots, nullif(outbox_create.max_message_bytes, 0))
    on conflict do nothing
    returning id into new_id;
  if new_id is not null then
    perform tide._create_ring(new_id, slots);
    perform tide._create_wake_sequence(new_id);
    perform tide._stamp_outbox(new_id);
    -- A few outboxes are then read as a whole, which costs each publish less than an index does;
    -- autovacuum does not look at so small a table.
    analyze tide.outbox;
  elsif if_not_exists then
    raise notice 'outbox "%" exists already, nothing was changed', name;
  else
    raise exception 'outbox "%" exists already', name
      using errcode = 'duplicate_object',
        hint = format('Change it with "SELECT tide.outbox_alter(%L, ...)", or pass if_not_exists => true.', name);
  end if;
end $$;
comment on function tide.outbox_create(text, numeric, int, int, boolean) is
  'Creates an outbox. Messages are kept retention_hours (fractions and 0 are allowed) and until every consumer group has them, in a ring of slots; a payload over max_message_bytes is refused (null or 0: no limit).';
