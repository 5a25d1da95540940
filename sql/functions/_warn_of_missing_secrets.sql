create or replace function tide._warn_of_missing_secrets(pipeline text, config jsonb) returns void
language plpgsql
as $$
declare
  missing text;
begin
  for missing in
    select s.name from tide._secrets_in(config) as s (name) where not exists (select from tide.secret t where t.name = s.name)
  loop
    raise warning 'pipeline "%" refers to secret "%", which is not stored', pipeline, missing
      using hint = format('It fails until "pg-tide secret set %s" stores it.', missing);
  end loop;
end $$;
comment on function tide._warn_of_missing_secrets(text, jsonb) is 'Warns when a pipeline refers to a secret that there is not.';
