create or replace function tide._refuse_foreign_position(group_id int) returns void
language plpgsql
as $$
declare
  foreign_position record;
begin
  select o.name as outbox, g.name as consumer_group into foreign_position
    from tide.position p
      join tide.consumer_group g on g.id = p.group_id
      join tide.outbox o on o.id = g.outbox_id
    where p.group_id = _refuse_foreign_position.group_id
      and (p.writer_xmin is distinct from p.xmin or o.writer_xmin is distinct from o.xmin);
  if found then
    perform tide._foreign_error(foreign_position.outbox,
      format('the position of consumer group "%s" was written there', foreign_position.consumer_group));
  end if;
end $$;
comment on function tide._refuse_foreign_position(int) is
  'Raises TD002 when a consumer group''s position, or its outbox, was written in another cluster.';
