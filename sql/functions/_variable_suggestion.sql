create or replace function tide._variable_suggestion(name text) returns text
language sql immutable
as $$
  select case
    when root = any (roots) then format('%s needs a name, as in "{%s.name}"', root, root)
    when near is not null then
      format('did you mean %s?', tide._shown(to_jsonb('{' || near || substr(name, length(root) + 1) || '}')))
    else 'there are {stream_table}, {outbox}, {op}, {outbox_id}, {dedup_key}, {key}, '
      '{headers.name}, {payload.name} and {original.name}'
    end
  from (select split_part(name, '.', 1) as root, array['headers', 'payload', 'original'] as roots) as parts,
    lateral tide._nearest(root, case when strpos(name, '.') > 0 then roots
      else array['stream_table', 'outbox', 'op', 'outbox_id', 'dedup_key', 'key'] end) as near
$$;
comment on function tide._variable_suggestion(text) is 'What the writer of an unknown template variable may have meant.';
