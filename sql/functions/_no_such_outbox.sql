create or replace function tide._no_such_outbox(outbox text) returns void
language plpgsql stable
as $$
declare
  nearest text := tide._nearest(outbox, (select array_agg(o.name order by o.name) from tide.outbox o));
begin
  raise exception 'there is no outbox "%"', outbox
    using errcode = 'undefined_object',
      hint = coalesce('Did you mean "' || nearest || '"?',
        format('Create it with "SELECT tide.outbox_create(%L)".', outbox));
end $$;
comment on function tide._no_such_outbox(text) is 'Raises 42704 with the nearest name as a hint.';
