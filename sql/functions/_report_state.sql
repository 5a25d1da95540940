create or replace function tide._report_state(
  pipeline_id int,
  state       text,
  reason      text        default null,
  hint        text        default null,
  next_try    timestamptz default null
) returns void
language sql security definer
set search_path = pg_catalog, pg_temp
as $$
  -- The lock keeps a pipeline that is being deleted from turning into a foreign key's error.
  insert into tide.pipeline_state as s (pipeline_id, state, reason, hint, next_try)
    select p.id, $2, $3, $4, $5 from tide.pipeline p where p.id = $1 for key share
    on conflict (pipeline_id) do update
      set state = excluded.state, reason = excluded.reason, hint = excluded.hint, next_try = excluded.next_try,
          since = case when (s.state, s.reason) is distinct from (excluded.state, excluded.reason)
            then clock_timestamp() else s.since end
      where (s.state, s.reason, s.hint, s.next_try)
        is distinct from (excluded.state, excluded.reason, excluded.hint, excluded.next_try)
$$;
comment on function tide._report_state(int, text, text, text, timestamptz) is
  'What the relay says of a pipeline; writes nothing when it says the same as before. A pipeline that is gone is no error.';
