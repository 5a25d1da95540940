-- Every format has a name, a function here and one in pg_tide/config/formats.py.
create or replace function tide._format_problems(format text, path text, value jsonb) returns setof text
language plpgsql stable
as $$
declare
  plain text := value #>> '{}';
begin
  case format
    when 'columns' then
      return query select tide._columns_problems(path, value);
    when 'placements' then
      return query select tide._placements_problems(path, value);
    when 'header_map' then
      return query select tide._header_map_problems(path, value);
    when 'attribute_map' then
      return query select tide._attribute_map_problems(path, value);
    when 'names' then
      return query select tide._names_problems(path, value);
    when 'schema' then
      return query select tide._schema_problems(path, value);
    when 'routing_rules' then
      return query select tide._routing_rules_problems(path, value);
    when 'host_port_list' then
      return query select path || ': ' || p from tide._host_port_list_problems(plain) p;
    when 'topic_template' then
      return query select path || ': ' || p from tide._topic_template_problems(plain) p;
    when 'topic_prefix' then
      return query select path || ': ' || p from tide._topic_prefix_problems(plain) p;
    when 'key_template' then
      return query select path || ': ' || p from tide._key_template_problems(plain) p;
    when 'start_from' then
      return query select path || ': ' || p from tide._start_from_problems(plain) p;
    when 'identifier', 'jmespath', 'media_type', 'partition', 'path', 'record_name', 'regex', 'time_form', 'time_zone',
      'url', 'url_list' then
      return query select path || ': ' || p from tide._text_problems(format, plain) p;
  end case;
end $$;
comment on function tide._format_problems(text, text, jsonb) is
  'A sentence for everything wrong with the form of a value; raises 20000 for a format it does not know.';
