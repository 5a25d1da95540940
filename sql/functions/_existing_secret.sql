create or replace function tide._existing_secret(name text) returns void
language plpgsql
as $$
declare
  nearest text;
begin
  perform tide._refuse_null('name', name, 'Name the secret, as pipelines refer to it.');
  perform from tide.secret s where s.name = _existing_secret.name for update;
  if found then
    return;
  end if;
  nearest := tide._nearest(name, (select array_agg(s.name order by s.name) from tide.secret s));
  raise exception 'there is no secret "%"', name
    using errcode = 'undefined_object',
      hint = coalesce('Did you mean "' || nearest || '"?', 'The view tide.secrets lists those there are.');
end $$;
comment on function tide._existing_secret(text) is
  'Locks a secret; raises 22004 for null, 42704 with the nearest name when there is none.';
