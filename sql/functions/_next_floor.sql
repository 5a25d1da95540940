-- Whoever drew an id up to this one had its transaction id by then, below the one that the caller has
-- yet to draw. If the caller has one already, that may be the lower of the two: then there is no answer.
-- Nor is there where sessions draw ids ahead, for later transactions.
create or replace function tide._next_floor() returns bigint
language sql volatile
as $$
  select case
      when pg_catalog.pg_current_xact_id_if_assigned() is null
        and (pg_catalog.pg_sequence_parameters('tide.message_id_seq'::regclass)).cache_size = 1
      then tide._last_id_drawn()
    end
$$;
comment on function tide._next_floor() is
  'The last id drawn, for the floor of a position: no message up to it is still to appear once all transactions are over that are older than the caller''s. Null unless the caller has no transaction id yet.';
