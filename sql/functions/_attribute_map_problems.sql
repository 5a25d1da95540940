create or replace function tide._attribute_map_problems(path text, attributes jsonb) returns setof text
language sql immutable
as $$
  select tide._header_map_problems(path, attributes - '')
  union all
  select case
      when a.key !~ '^[a-z0-9]+$' then path || ': the name ' || tide._shown(to_jsonb(a.key)) || ' is not made of a-z and 0-9'
      else path || '.' || a.key || ': is no extension, but an attribute of every event'
    end
  from jsonb_each(attributes) as a
  where a.key !~ '^[a-z0-9]+$'
    or a.key in ('specversion', 'id', 'source', 'type', 'subject', 'time', 'datacontenttype', 'dataschema', 'data')
$$;
comment on function tide._attribute_map_problems(text, jsonb) is
  'What is wrong with an object of CloudEvents extensions: names and templates.';
