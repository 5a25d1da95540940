create or replace function tide.dead_letter_discard(id bigint) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '300ms'
as $$
#variable_conflict use_variable
declare
  letter tide.dead_letter;
  since  timestamptz := clock_timestamp();
begin
  perform tide._require_read_committed();
  loop
    letter := tide._existing_dead_letter(id);
    begin
      update tide.dead_letter d
        set state = 'discarded', resolved_at = clock_timestamp()
        where d.id = letter.id and d.state in ('waiting', 'parked', 'retrying');
      if not found then
        perform tide._existing_dead_letter(id);  -- resolved meanwhile
      end if;
      perform tide._lead_chains(array[letter.id]);
      exit;
    exception
      when lock_not_available or deadlock_detected then
        perform tide._give_way(letter.pipeline_id, since);
    end;
  end loop;
  perform tide._tell_relay(letter.pipeline_id);
end $$;
comment on function tide.dead_letter_discard(bigint) is
  'Gives up a message that was put aside. If it was the first of its key, those parked behind it are delivered now. One that is being tried at this moment may still arrive.';
