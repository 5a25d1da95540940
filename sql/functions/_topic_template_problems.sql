create or replace function tide._topic_template_problems(template text) returns setof text
language sql immutable
as $$
  with constant as (
    select place, case when piece in ('{{', '}}') then left(piece, 1) else piece end as part
    from tide._template_pieces(template)
    where left(piece, 1) not in ('{', '}') or piece in ('{{', '}}')
  )
  select tide._template_problems(template)
  union all
  select format('%s at character %s is not allowed in a topic; Kafka takes a-z, A-Z, 0-9, ".", "_" and "-"',
    tide._shown(to_jsonb(found)), place + strpos(part, found) - 1)
  from constant, lateral substring(part from '[^a-zA-Z0-9._-]') as found where found is not null
  union all
  select 'must not be empty' where template = ''
  union all
  select 'must not be "." or ".."' where template in ('.', '..')
  union all
  select format('has %s constant characters; Kafka takes 249 at most', sum(length(part)))
  from constant having sum(length(part)) > 249
$$;
comment on function tide._topic_template_problems(text) is
  'What is wrong with a template of topic names, as far as it is the same for every message.';
