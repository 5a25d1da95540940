create or replace function tide._lease_lost(group_id int) returns text
language plpgsql
as $$
begin
  raise exception 'consumer group % is not held under this epoch any more', group_id
    using errcode = 'TD001',
      hint = 'Another relay took it over, or PostgreSQL crashed or was promoted: take it over anew and read its position.';
end $$;
comment on function tide._lease_lost(int) is 'Raises TD001: whoever called has lost the group, and all it holds in memory is void.';
