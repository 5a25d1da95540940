create or replace function tide._position_at(
  outbox_id int, target text,
  out done pg_snapshot, out page pg_snapshot, out last_id bigint
)
language plpgsql
as $$
declare
  problem  text := tide._target_problem(target);
  latest   pg_snapshot := tide._latest_snapshot();
  first_id bigint;
begin
  if problem is not null then
    raise exception 'target %', problem
      using errcode = case when target is null then 'null_value_not_allowed' else 'invalid_parameter_value' end,
        hint = 'Examples: ''earliest'', ''latest'', ''12345'' (a message id), ''2025-01-31 12:00:00+00''.';
  end if;
  done := latest;
  last_id := 0;
  if lower(btrim(target)) = 'latest' then
    return;
  elsif lower(btrim(target)) = 'earliest' then
    done := '3:3:';
    return;
  elsif btrim(target) ~ '^[0-9]+$' then
    first_id := btrim(target)::bigint;
  else
    -- In a later statement than the snapshot: what commits in between is in neither, and delivered.
    select min(m.id) into first_id from tide.message m
      where m.outbox_id = _position_at.outbox_id and m.published_at >= target::timestamptz;
    if first_id is null then
      return;
    end if;
  end if;
  done := '3:3:';
  page := latest;
  last_id := first_id - 1;
end $$;
comment on function tide._position_at(int, text) is
  'The position that stands at a target: earliest, latest, before a message id, or before the first message published at or after a timestamp. Raises 22023 for anything else.';
