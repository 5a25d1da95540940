create or replace function tide._last_id_drawn() returns bigint
language sql volatile
as $$ select coalesce(pg_catalog.pg_sequence_last_value('tide.message_id_seq'), 0) $$;
comment on function tide._last_id_drawn() is
  'The last id given to a message, of whichever outbox; 0: none was.';
