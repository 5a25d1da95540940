create or replace function tide._option_suggestion(path text) returns text
language sql stable
as $$
  select case when near is null then '' else format('; did you mean "%s"?', near) end
  from tide._nearest(path, array(
    select o.name from tide.option o
    union
    select split_part(o.name, '.', 1) from tide.option o where strpos(path, '.') = 0)) as near
$$;
comment on function tide._option_suggestion(text) is
  'The end of a sentence about an unknown option: the nearest name, if any is near.';
