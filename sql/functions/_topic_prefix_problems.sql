create or replace function tide._topic_prefix_problems(prefix text) returns setof text
language sql immutable
as $$
  select format('%s at character %s is not allowed in a topic; Kafka takes a-z, A-Z, 0-9, ".", "_" and "-"',
    tide._shown(to_jsonb(found)), strpos(prefix, found))
  from substring(prefix from '[^a-zA-Z0-9._-]') as found where found is not null
  union all
  select 'must not be empty' where prefix = ''
  union all
  select format('has %s constant characters; Kafka takes 249 at most', length(prefix)) where length(prefix) > 249
$$;
comment on function tide._topic_prefix_problems(text) is 'What is wrong with the text that a topic begins with.';
