create or replace function tide._host_port_problem(entry text) returns text
language sql immutable
as $$
  select case
    when entry = '' then 'an entry is empty; write host:port, separated by commas'
    when strpos(entry, '://') > 0 then shown || ' is not host:port; leave out the protocol'
    when entry ~ '[; \t\n\r]' then shown || ' is not host:port; separate brokers with commas'
    when left(entry, 1) <> '[' and length(entry) - length(replace(entry, ':', '')) > 1 then
      shown || ' is an IPv6 address without brackets; write it like "[::1]:9092"'
    when strpos(entry, ':') = 0 or right(entry, 1) = ']' then
      shown || ' has no port; write ' || tide._shown(to_jsonb(entry || ':9092'))
    when host !~ '^([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?\])$' then
      shown || ' has a host that is neither a name nor an address'
    when not case when port ~ '^[0-9]{1,5}$' then port::int between 1 and 65535 else false end then
      shown || ' has a port that is not between 1 and 65535'
    end
  from (select tide._shown(to_jsonb(entry)) as shown,
    substring(entry from '^(.*):[^:]*$') as host,
    substring(entry from '^.*:([^:]*)$') as port) as parts
$$;
comment on function tide._host_port_problem(text) is
  'What is wrong with one host:port, or null; an IPv6 address stands in brackets.';
