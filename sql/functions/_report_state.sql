create or replace function tide._report_state(
  pipeline_id int,
  state       text,
  reason      text        default null,
  hint        text        default null,
  next_try    timestamptz default null,
  epoch       uuid        default null
) returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  its_group int;
begin
  perform set_config('lock_timeout', '1s', true);
  select p.group_id into its_group from tide.pipeline p where p.id = _report_state.pipeline_id;
  if epoch is null then
    if exists (select from tide._owners() as o where o.group_id = its_group) then
      return false;
    end if;
  else
    perform from tide.position p
      where p.group_id = its_group and p.epoch = _report_state.epoch for no key update;
    if not found or not tide._lease_held(its_group, epoch) then
      return false;
    end if;
  end if;
  -- The lock keeps a pipeline that is being deleted from turning into a foreign key's error.
  perform from tide.pipeline p
    where p.id = _report_state.pipeline_id and p.group_id = its_group for key share;
  if not found then
    return false;
  end if;
  insert into tide.pipeline_state as s (pipeline_id, state, reason, hint, next_try)
    values (_report_state.pipeline_id, _report_state.state, _report_state.reason, _report_state.hint, _report_state.next_try)
    on conflict on constraint pipeline_state_pkey do update
      set state = excluded.state, reason = excluded.reason, hint = excluded.hint, next_try = excluded.next_try,
          since = case when (s.state, s.reason) is distinct from (excluded.state, excluded.reason)
            then clock_timestamp() else s.since end
      where (s.state, s.reason, s.hint, s.next_try)
        is distinct from (excluded.state, excluded.reason, excluded.hint, excluded.next_try);
  return true;
end $$;
comment on function tide._report_state(int, text, text, text, timestamptz, uuid) is
  'What the relay says of a pipeline that it holds under this epoch, or that nobody holds (null); false, and nothing written, when it is another''s or gone. Writes nothing when it says the same as before.';
