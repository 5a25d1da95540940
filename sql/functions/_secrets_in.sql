create or replace function tide._secrets_in(config jsonb) returns setof text
language sql stable
as $$
  select distinct piece[1]
    from tide._config_given(config) g join tide.option o on o.name = g.option and o.reference,
      lateral regexp_matches(g.value #>> '{}', '\$\{secret:([A-Za-z0-9_.-]{1,200})\}', 'g') as piece
    order by 1
$$;
comment on function tide._secrets_in(jsonb) is 'The secrets that a configuration refers to where references are resolved.';
