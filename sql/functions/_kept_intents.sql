-- Numbers only grow: from the last one confirmed on, the index holds nothing but what is kept, however
-- long the rows of those before it cannot be removed.
create or replace function tide._kept_intents(group_id int, above bigint) returns setof tide.intent
language sql stable
set enable_seqscan = off
set enable_bitmapscan = off
as $$
  select i.* from tide.intent i
  where i.group_id = $1 and i.number > $2
  order by i.group_id, i.number
$$;
comment on function tide._kept_intents(int, bigint) is
  'The intents of a group above a number, in order.';
