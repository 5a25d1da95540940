create or replace function tide._is_silent(state text, state_change timestamptz) returns boolean
language sql volatile
as $$ select coalesce(state <> 'active' and state_change < clock_timestamp() - interval '10 seconds', false) $$;
comment on function tide._is_silent(text, timestamptz) is
  'Whether a lock connection in this state has no relay behind it any more, or a frozen one: a living one asks every half second. Unknown counts as no.';
