create or replace function tide._schema_problems(path text, schema jsonb) returns setof text
language sql stable
as $$
  select path || ': must not be empty'
  where jsonb_typeof(schema) = 'string' and btrim(schema #>> '{}', E' \t\n\r') = ''
  union all
  select path || '.subject: must be the name of a subject of the registry'
  where jsonb_typeof(schema) = 'object' and schema - '{subject,version}'::text[] = '{}'
    and (coalesce(schema ->> 'subject', '') = '' or jsonb_typeof(schema -> 'subject') <> 'string')
  union all
  select path || '.version: must be the number of a version, or latest'
  where jsonb_typeof(schema) = 'object' and schema - '{subject,version}'::text[] = '{}'
    and schema ? 'version' and schema -> 'version' <> '"latest"'
    and coalesce((tide._option_value('integer', schema -> 'version') #>> '{}')::int8, 0) not between 1 and 999999999
$$;
comment on function tide._schema_problems(text, jsonb) is
  'What is wrong with a schema: with its text, or with what names a version in the registry.';
