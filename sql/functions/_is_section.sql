create or replace function tide._is_section(name text) returns boolean
language sql stable
as $$
  select exists (
    select from tide.option o
    where strpos(o.name, '.') > 0 and split_part(o.name, '.', 1) = _is_section.name)
$$;
comment on function tide._is_section(text) is 'Whether options have names that begin with this one and a dot.';
