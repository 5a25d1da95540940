create or replace function tide._routing_member_problems(path text, name text, value jsonb) returns setof text
language plpgsql stable
as $$
declare
  members constant text[] := '{when,match_field,match_value,topic,message_key}';
  read text := tide._option_value('text', value) #>> '{}';
  near text;
begin
  if name <> all (members) then
    near := tide._nearest(name, members);
    return next path || '.' || tide._shown_name(name) || ': unknown option'
      || coalesce('; did you mean "' || near || '"?', '');
  elsif read is null then
    return next format('%s.%s: must be a string, not %s', path, name, tide._shown(value));
  else
    return query select format('%s.%s: %s', path, name, p) from (
      select tide._text_problems('jmespath', read) where name = 'when'
      union all
      select tide._variable_problems(read) where name = 'match_field'
      union all
      select tide._topic_template_problems(read) where name = 'topic'
      union all
      select tide._key_template_problems(read) where name = 'message_key'
    ) as problems (p);
  end if;
end $$;
comment on function tide._routing_member_problems(text, text, jsonb) is
  'What is wrong with one member of a routing rule.';
