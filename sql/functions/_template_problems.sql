create or replace function tide._template_problems(template text) returns setof text
language sql immutable
as $$
  select case
    when piece = '{' then
      format('"{" at character %s is never closed; write "{{" for a brace', place)
    when piece = '}' then
      format('"}" at character %s closes nothing; write "}}" for a brace', place)
    when piece = '{}' then
      format('"{}" at character %s names no variable; write "{{}}" for braces', place)
    else
      format('unknown variable %s at character %s; %s', tide._shown(to_jsonb(piece)), place,
        tide._variable_suggestion(substr(piece, 2, length(piece) - 2)))
    end
  from tide._template_pieces(template)
  where left(piece, 1) in ('{', '}') and piece not in ('{{', '}}')
    and piece !~ '^\{(stream_table|outbox|op|outbox_id|dedup_key|key)\}$'
    and piece !~ '^\{(headers\..+|(payload|original)(\.[^.{}]+)+)\}$'
$$;
comment on function tide._template_problems(text) is 'What is wrong with how a template is written.';
