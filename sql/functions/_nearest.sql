create or replace function tide._nearest(name text, candidates text[]) returns text
language sql immutable
as $$
  select c
  from unnest(candidates) as c,
    lateral tide._edit_distance(left(lower(name), 100), left(lower(c), 100)) as distance
  where distance <= greatest(2, length(name) / 3) and distance < length(name)
  order by distance, c collate "C"
  limit 1
$$;
comment on function tide._nearest(text, text[]) is 'The candidate most like a name, or null when none is near.';
