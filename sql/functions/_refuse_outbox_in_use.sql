create or replace function tide._refuse_outbox_in_use(outbox_id int) returns void
language plpgsql
as $$
declare
  outbox   text := (select o.name from tide.outbox o where o.id = outbox_id);
  reasons  text;
begin
  if tide._outbox_is_foreign(outbox_id) then
    perform tide._foreign_error(outbox, 'what is undelivered cannot be told');
  end if;
  select string_agg(r.reason, ', ' order by r.place, r.reason) into reasons
    from (
      select 1, format('pipeline "%s"', p.name) || coalesce(' with ' || tide._dead_letter_words(p.id), '')
        from tide.pipeline p where p.outbox_id = _refuse_outbox_in_use.outbox_id
      union all
      select 2, format('%s%s undelivered message%s of consumer group "%s"',
          case when w.is_estimate then 'about ' end, w.pending, case when w.pending > 1 then 's' end, g.name)
        from tide.consumer_group g, lateral tide._pending(g.id, 10000) as w
        where g.outbox_id = _refuse_outbox_in_use.outbox_id and w.pending > 0
      union all
      select 3, format('%s%s message%s that no consumer group has read',
          case when m.is_estimate then 'about ' end, m.retained, case when m.retained > 1 then 's' end)
        from tide._retained(outbox_id, 10000) as m
        where m.retained > 0
          and not exists (select from tide.consumer_group g where g.outbox_id = _refuse_outbox_in_use.outbox_id)
    ) as r (place, reason);
  if reasons is not null then
    raise exception 'outbox "%" is in use: %', outbox, reasons
      using errcode = 'dependent_objects_still_exist',
        hint = format('To drop them all run "SELECT tide.outbox_drop(%L, force => true)".', outbox);
  end if;
end $$;
comment on function tide._refuse_outbox_in_use(int) is
  'Raises 2BP01 while an outbox has pipelines, or messages that somebody has yet to get.';
