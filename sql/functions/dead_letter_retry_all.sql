create or replace function tide.dead_letter_retry_all(pipeline text, stage text default null, key text default null)
returns bigint
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '300ms'
as $$
declare
  of_pipeline int := tide._existing_pipeline(pipeline);
  since       timestamptz := clock_timestamp();
  marked      bigint;
begin
  perform tide._require_read_committed();
  loop
    begin
      update tide.dead_letter d
        set state = 'retrying'
        where d.pipeline_id = of_pipeline and d.state = 'waiting'
          and (dead_letter_retry_all.stage is null or d.stage = dead_letter_retry_all.stage)
          and (dead_letter_retry_all.key is null or d.key = dead_letter_retry_all.key);
      get diagnostics marked = row_count;
      exit;
    exception
      when lock_not_available or deadlock_detected then
        perform tide._give_way(of_pipeline, since);
    end;
  end loop;
  perform tide._tell_relay(of_pipeline);
  return marked;
end $$;
comment on function tide.dead_letter_retry_all(text, text, text) is
  'Has all messages of a pipeline that wait among the dead letters tried again, or those put aside at one stage, or of one key; returns how many. What is parked behind them follows.';
