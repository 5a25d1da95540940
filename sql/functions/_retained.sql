create or replace function tide._retained(outbox_id int, at_most int, out retained bigint, out is_estimate boolean)
language plpgsql stable
as $$
begin
  select count(*) into retained
    from (select from tide.message m where m.outbox_id = _retained.outbox_id limit at_most::bigint + 1) as counted;
  is_estimate := retained > at_most;
  if is_estimate then
    retained := greatest(retained, tide._retained_estimate(outbox_id));
  end if;
end $$;
comment on function tide._retained(int, int) is
  'How many messages an outbox keeps: exact up to at_most, then an estimate.';
