-- Shows nothing of the text: what surrounds a reference may be a secret.
create or replace function tide._reference_problems(value text) returns setof text
language sql immutable
as $$
  select format('has %s references, and may have 20', count(*))
  from regexp_matches(value, '\$\{[^}]*\}?', 'g') having count(*) > 20
  union all
  select 'has a "${" that begins no reference; write ${env:NAME}, ${file:/absolute/path} or ${secret:NAME}'
  where (select count(*) from regexp_matches(value, '\$\{[^}]*\}?', 'g')) <= 20 and exists (
    select from regexp_matches(value, '\$\{[^}]*\}?', 'g') as piece
    where piece[1] !~ '^\$\{(env:[A-Za-z_][A-Za-z0-9_]*|file:/[^}]*|secret:[A-Za-z0-9_.-]{1,200})\}$')
$$;
comment on function tide._reference_problems(text) is 'What is wrong with how the references of a text are written.';
