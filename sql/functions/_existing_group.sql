create or replace function tide._existing_group(outbox text, name text) returns int
language plpgsql stable
as $$
declare
  of_outbox int := tide._existing_outbox(outbox);
  found_id  int;
  nearest   text;
begin
  perform tide._refuse_null('name', name, 'Name the consumer group, as created with tide.consumer_group_create().');
  select g.id into found_id from tide.consumer_group g
    where g.outbox_id = of_outbox and g.name = _existing_group.name;
  if found then
    return found_id;
  end if;
  nearest := tide._nearest(name, (select array_agg(g.name order by g.name) from tide.consumer_group g
    where g.outbox_id = of_outbox));
  raise exception 'outbox "%" has no consumer group "%"', outbox, name
    using errcode = 'undefined_object',
      hint = coalesce('Did you mean "' || nearest || '"?',
        format('Create it with "SELECT tide.consumer_group_create(%L, %L)".', outbox, name));
end $$;
comment on function tide._existing_group(text, text) is
  'The id of the consumer group that arguments name; raises 22004 for null, 42704 with the nearest name when there is none.';
