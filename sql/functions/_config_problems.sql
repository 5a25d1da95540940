-- The same as pg_tide/config/check.py, step by step and word by word.
create or replace function tide._config_problems(config jsonb) returns text[]
language plpgsql stable
as $$
declare
  problems text[];
  wrong text[];
begin
  if coalesce(jsonb_typeof(config), 'null') <> 'object' then
    return array['config: must be an object, not ' || tide._shown(config)];
  end if;
  select coalesce(array_agg(v.problem), '{}'), coalesce(array_agg(v.option), '{}')
    into problems, wrong from tide._config_value_problems(config) v;
  return array(
    select unnest(problems) collate "C"
    union
    select tide._config_name_problems(config) collate "C"
    union
    select r.problem collate "C" from tide._broken_rules(config, wrong) r where r.kind <> 'warning'
    order by 1);
end $$;
comment on function tide._config_problems(jsonb) is
  'A sentence for everything wrong with a pipeline''s configuration, all at once and sorted; empty when it is right.';
