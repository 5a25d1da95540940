create or replace function tide._warn_of_risks(pipeline text, config jsonb) returns void
language plpgsql
as $$
declare
  risk text;
begin
  for risk in select r.problem from tide._broken_rules(config) r where r.kind = 'warning' order by 1 loop
    raise warning 'pipeline "%": %', pipeline, risk;
  end loop;
end $$;
comment on function tide._warn_of_risks(text, jsonb) is 'Warns of what a configuration may do and should not.';
