create or replace function tide._pipeline_problems(pipeline text, outbox text, consumer_group text, config jsonb)
returns text[]
language sql stable
as $$
  select coalesce(array_agg(p.problem order by p.place, p.part), '{}')
  from (
    select 1, 1, 'pipeline: ' || tide._name_problem(pipeline)
    union all
    select 2, 1, 'outbox: must not be null' where outbox is null
    union all
    select 2, 2, format('outbox: there is no outbox "%s"', outbox)
        || coalesce('; did you mean "' || tide._nearest(outbox, (select array_agg(o.name) from tide.outbox o)) || '"?', '')
      where outbox is not null and not exists (select from tide.outbox o where o.name = outbox)
    union all
    select 3, 1, 'consumer_group: ' || tide._name_problem(consumer_group)
    union all
    select 3, 2, format('consumer_group: "%s" is used by pipeline "%s", and one pipeline reads a group', consumer_group, l.name)
      from tide.pipeline l
        join tide.consumer_group g on g.id = l.group_id
        join tide.outbox o on o.id = g.outbox_id
      where o.name = outbox and g.name = consumer_group and l.name <> pipeline
    union all
    select 4, 1, 'config: must not be null' where config is null
    union all
    select 4, c.part + 1, c.problem
      from unnest(tide._config_problems(config)) with ordinality as c (problem, part) where config is not null
    union all
    select 5, 1, format('%s: "********" hides a secret and is none', s.name)
      from tide.option s where s.secret and tide._config_value(config, s.name) #>> '{}' = '********'
    union all
    select 5, 2, format('%s: with outbox "%s" it is %s, which Kafka does not take as a topic', t.option, outbox,
        tide._shown(to_jsonb(t.topic)))
      from (values
          ('topic', replace(tide._config_value(config, 'topic') #>> '{}', '{outbox}', outbox)),
          ('topic_prefix', (tide._config_value(config, 'topic_prefix') #>> '{}') || outbox)) as t (option, topic)
      where t.topic !~ '[{}]' and outbox ~ '[^a-zA-Z0-9._-]' and t.topic !~ '^[a-zA-Z0-9._-]{1,249}$'
  ) as p (place, part, problem)
  where p.problem is not null
$$;
comment on function tide._pipeline_problems(text, text, text, jsonb) is
  'Every problem of a pipeline''s names and configuration, one sentence each; an empty array when there is none.';
