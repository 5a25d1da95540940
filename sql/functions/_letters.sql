create or replace function tide._letters(letters jsonb)
returns table (
  message_id bigint, state text, parks_key boolean, stage text, reason text, error text, attempts int,
  first_at timestamptz, place bigint
)
language sql stable
as $$
  select l.message_id, l.state, l.parks_key, l.stage, l.reason, l.error, l.attempts, l.first_at, l.place
  from rows from (
      jsonb_to_recordset(letters) as (
        message_id bigint, state text, parks_key boolean, stage text, reason text, error text, attempts int,
        first_at timestamptz)
    ) with ordinality as l (message_id, state, parks_key, stage, reason, error, attempts, first_at, place)
$$;
comment on function tide._letters(jsonb) is 'What the relay says of messages that it puts aside, as rows in its order.';
