create or replace function tide._intend(group_id int, epoch uuid, intent jsonb) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '1s'
as $$
declare
  given  tide.intent := jsonb_populate_record(null::tide.intent, intent);
  before record;
begin
  perform set_config('synchronous_commit', 'on', true);
  perform tide._hold_position(group_id, epoch);
  select coalesce(l.number, p.number) as number, coalesce(l.kept, 0) as kept,
         case when l.number is null then p.done else l.end_done end as done,
         case when l.number is null then p.page else l.end_page end as page,
         case when l.number is null then p.last_id else l.end_last_id end as last_id
    into before
    from tide.position p
      left join lateral (
        select i.*, count(*) over () as kept from tide._kept_intents(p.group_id, p.number) as i
          order by i.number desc
          limit 1) as l on true
    where p.group_id = _intend.group_id;
  if before.kept >= 2 then
    perform tide._out_of_turn(group_id, given.number, 'two are kept already');
  elsif given.number > before.number is not true then
    perform tide._out_of_turn(group_id, given.number, format('its number must be above %s', before.number));
  elsif (given.start_done::text, given.start_page::text, given.start_last_id)
      is distinct from (before.done::text, before.page::text, before.last_id) then
    perform tide._out_of_turn(group_id, given.number, format('it must begin at (%s, %s, %s), not at (%s, %s, %s)',
      before.done, before.page, before.last_id, given.start_done, given.start_page, given.start_last_id));
  end if;
  given.group_id := group_id;
  given.epoch := epoch;
  given.written_at := clock_timestamp();
  insert into tide.intent select given.*;
end $$;
comment on function tide._intend(int, uuid, jsonb) is
  'Writes, durably, what a Kafka transaction that is about to begin will have changed here, named like the columns of tide.intent; nothing else changes before tide._confirm. Raises TD001 without the lease, TD005 unless it begins where the one before it ends.';
