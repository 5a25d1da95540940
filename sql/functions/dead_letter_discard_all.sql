create or replace function tide.dead_letter_discard_all(pipeline text, stage text default null, key text default null)
returns bigint
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '300ms'
as $$
declare
  of_pipeline int := tide._existing_pipeline(pipeline);
  since       timestamptz := clock_timestamp();
  gone        bigint[];
begin
  perform tide._require_read_committed();
  loop
    begin
      with given_up as (
        update tide.dead_letter d
          set state = 'discarded', resolved_at = clock_timestamp()
          where d.pipeline_id = of_pipeline and d.state in ('waiting', 'parked', 'retrying')
            and (dead_letter_discard_all.stage is null or d.stage = dead_letter_discard_all.stage)
            and (dead_letter_discard_all.key is null or d.key = dead_letter_discard_all.key)
          returning d.id)
      select array_agg(g.id) into gone from given_up g;
      perform tide._lead_chains(gone);
      exit;
    exception
      when lock_not_available or deadlock_detected then
        perform tide._give_way(of_pipeline, since);
    end;
  end loop;
  perform tide._tell_relay(of_pipeline);
  return coalesce(cardinality(gone), 0);
end $$;
comment on function tide.dead_letter_discard_all(text, text, text) is
  'Gives up all messages of a pipeline that are among the dead letters, or those put aside at one stage, or of one key, whatever they wait for; returns how many.';
