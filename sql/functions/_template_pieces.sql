create or replace function tide._template_pieces(template text) returns table (place int, piece text)
language sql immutable
as $$
  select 1 + coalesce(sum(length(m.piece[1])) over before, 0)::int, m.piece[1]
  from regexp_matches(template, '\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+', 'g') with ordinality as m (piece, n)
  window before as (order by m.n rows between unbounded preceding and 1 preceding)
$$;
comment on function tide._template_pieces(text) is
  'A template cut into variables, braces and what is between them, each with its place from 1.';
