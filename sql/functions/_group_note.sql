create or replace function tide._group_note(outbox_id int, group_id int) returns text
language sql stable
as $$
  select case
    when tide._outbox_is_foreign($1) then format('restored into another cluster: run "SELECT tide.outbox_rebase(%L)"', o.name)
    when $2 is null then 'no consumer group: messages expire by age'
    when p.seek_request is not null then format('asked to seek to %s', p.seek_request ->> 'target')
    when l.id is null then 'no pipeline reads this consumer group'
    when not l.enabled then format('pipeline "%s" is disabled', l.name)
  end
  from tide.outbox o
    left join tide.position p on p.group_id = $2
    left join tide.pipeline l on l.group_id = $2
  where o.id = $1
$$;
comment on function tide._group_note(int, int) is 'What an operator should know of a consumer group, or of an outbox without one; null when all is as it should be.';
