create or replace function tide._text_problems(format text, value text) returns setof text
language sql immutable
as $$
  select 'must not be empty'
    where format in ('path', 'regex') and value = '' or format = 'jmespath' and btrim(value, E' \t\n\r') = ''
  union all
  select 'must be the path of a file, not what is in it' where format = 'path' and strpos(value, '-----BEGIN') > 0
  union all
  select 'must be an absolute path, like /etc/pg-tide/ca.pem, not ' || tide._shown(to_jsonb(value))
    where format = 'path' and value <> '' and strpos(value, '-----BEGIN') = 0 and left(value, 1) <> '/'
  union all
  select 'must be made of a-z, A-Z, 0-9, ".", "_" and "-", not ' || tide._shown(to_jsonb(value))
    where format = 'identifier' and value !~ '^[a-zA-Z0-9._-]+$'
  union all
  select 'must be round_robin, random or the number of a partition, not ' || tide._shown(to_jsonb(value))
    where format = 'partition' and value !~ '^(round_robin|random|[0-9]{1,9})$'
  union all
  select 'must be a time zone like Europe/Vienna, UTC or +05:30, not ' || tide._shown(to_jsonb(value))
    where format = 'time_zone' and value !~ '^[A-Za-z0-9_+/:-]{1,64}$'
  union all
  select 'must be made of yyyy, MM, dd, HH, mm, ss and S, with other letters in single quotes, not '
      || tide._shown(to_jsonb(value))
    where format = 'time_form' and value !~ '^(yyyy|MM|dd|HH|mm|ss|S{1,6}|''[^'']+''|[^A-Za-z'']+)+$'
  union all
  select 'must be a media type like application/json, not ' || tide._shown(to_jsonb(value))
    where format = 'media_type' and value !~ '^[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(;[ -~]+)?$'
  union all
  select 'must be a name like com.example.Order, not ' || tide._shown(to_jsonb(value))
    where format = 'record_name' and value !~ '^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$'
  union all
  select 'must be URLs like https://registry.example.com:8081, without a user or a password, separated by commas'
    where format = 'url_list' and exists (
      select from regexp_split_to_table(value, ',') as entry
      where btrim(entry, E' \t\n\r') !~ '^https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?([/?][!-~]*)?$')
  union all
  select 'must be a URL like https://login.example.com/token, without a user or a password'
    where format = 'url' and value !~ '^https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?([/?][!-~]*)?$'
$$;
comment on function tide._text_problems(text, text) is
  'What is wrong with the form of a text, for the formats that one look decides.';
