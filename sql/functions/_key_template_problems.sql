create or replace function tide._key_template_problems(template text) returns setof text
language sql immutable
as $$
  select 'must not be empty' where template = ''
  union all
  select tide._template_problems(template)
$$;
comment on function tide._key_template_problems(text) is 'What is wrong with a template of message keys.';
