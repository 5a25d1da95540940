-- Optimal string alignment (Damerau-Levenshtein without repeats) in plain SQL, for levenshtein()
-- is an extension's. Names are short and this runs only on the way to an error.
create or replace function tide._edit_distance(a text, b text) returns int
language plpgsql immutable
as $$
declare
  before_last int[];
  last int[] := array(select generate_series(0, length(b)));
  this int[];
begin
  for i in 1..length(a) loop
    this := array[i];
    for j in 1..length(b) loop
      this[j + 1] := least(
        last[j + 1] + 1,
        this[j] + 1,
        last[j] + (substr(a, i, 1) <> substr(b, j, 1))::int);
      if i > 1 and j > 1 and substr(a, i, 1) = substr(b, j - 1, 1)
          and substr(a, i - 1, 1) = substr(b, j, 1) then
        this[j + 1] := least(this[j + 1], before_last[j - 1] + 1);
      end if;
    end loop;
    before_last := last;
    last := this;
  end loop;
  return last[length(b) + 1];
end $$;
comment on function tide._edit_distance(text, text) is 'How many insertions, deletions, replacements and swaps of neighbours make a of b.';
