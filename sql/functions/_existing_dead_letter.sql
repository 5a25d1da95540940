create or replace function tide._existing_dead_letter(id bigint) returns tide.dead_letter
language plpgsql stable
as $$
declare
  letter tide.dead_letter;
begin
  perform tide._refuse_null('id', id::text, 'Give the id of a dead letter, as the view tide.dead_letters has it.');
  select d.* into letter from tide.dead_letter d where d.id = _existing_dead_letter.id;
  if not found then
    raise exception 'there is no dead letter %', id
      using errcode = 'undefined_object',
        hint = case
          when exists (select from tide.dead_letter d where d.message_id = _existing_dead_letter.id)
            then (select format('Message %s is dead letter %s: the id is meant, not the message''s.', _existing_dead_letter.id, max(d.id))
                    from tide.dead_letter d where d.message_id = _existing_dead_letter.id)
          else 'The view tide.dead_letters lists all of them. Those that are resolved are deleted after dead_letter.retention_days.'
        end;
  end if;
  if letter.resolved_at is not null then
    raise exception 'dead letter % was % at %', id, letter.state, letter.resolved_at
      using errcode = 'object_not_in_prerequisite_state',
        hint = 'Nothing is left to do for it. To send its message once more, publish it again.';
  end if;
  return letter;
end $$;
comment on function tide._existing_dead_letter(bigint) is
  'The dead letter that an argument names; raises 22004 for null, 42704 when there is none, 55000 when it is resolved.';
