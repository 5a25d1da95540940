-- Only the day is looked up: everything else about a timestamp shows in its form.
create or replace function tide._start_from_problems(start_from text) returns setof text
language sql immutable
as $$
  select format('must be earliest, latest, a message id or a timestamp like 2026-01-31T12:00:00Z, not %s',
    tide._shown(to_jsonb(start_from)))
  where not case
    when start_from ~ ('^[1-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])'
        '([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?'
        '(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)?)?$') then
      substr(start_from, 9, 2)::int <= extract(day from
        make_date(left(start_from, 4)::int, substr(start_from, 6, 2)::int, 1) + interval '1 month - 1 day')
    else start_from ~ '^(earliest|latest|[0-9]{1,18})$'
    end
$$;
comment on function tide._start_from_problems(text) is 'What is wrong with where a consumer group is to start.';
