-- Whoever drew an id up to this one had its transaction id by then, below the one that the caller has
-- yet to draw. If the caller has one already, that may be the lower of the two: then there is no answer.
-- Nor is there where sessions draw ids ahead, for later transactions.
create or replace function tide._next_floor() returns bigint
language plpgsql volatile
as $$
declare
  last_id bigint := tide._last_id_drawn();
begin
  if pg_current_xact_id_if_assigned() is null
      and (pg_sequence_parameters('tide.message_id_seq'::regclass)).cache_size = 1 then
    return last_id;
  end if;
  return null;
end $$;
comment on function tide._next_floor() is
  'The last id drawn, for the floor of a position: no message up to it is still to appear once all transactions are over that are older than the caller''s. Null unless the caller has no transaction id yet.';
