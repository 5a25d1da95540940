create or replace function tide.dead_letter_retry(id bigint) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
  letter tide.dead_letter;
  ahead  bigint;
begin
  perform tide._require_read_committed();
  letter := tide._existing_dead_letter(id);
  if letter.state = 'parked' then
    select d.id into ahead from tide.dead_letter d
      where d.pipeline_id = letter.pipeline_id and d.key_hash between letter.key_hash and letter.key_hash
        and d.key = letter.key
        and d.parks_key and d.state = 'waiting' and d.id < letter.id
      order by d.key_hash, d.id
      limit 1;
    if ahead is null then
      return;  -- its chain is on its way
    end if;
    raise exception 'dead letter % waits behind dead letter %, an earlier message of its key', id, ahead
      using errcode = 'object_not_in_prerequisite_state',
        hint = format('Retry or discard that one: "SELECT tide.dead_letter_retry(%s)"; what waits behind it follows.', ahead);
  end if;
  update tide.dead_letter d set state = 'retrying' where d.id = letter.id and d.state = 'waiting';
  if not found then
    perform tide._existing_dead_letter(id);  -- resolved meanwhile
  end if;
  perform tide._tell_relay(letter.pipeline_id);
end $$;
comment on function tide.dead_letter_retry(bigint) is
  'Has a message that was put aside tried again, at once; with it go the later messages of its key that were parked behind it.';
