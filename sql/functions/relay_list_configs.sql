create or replace function tide.relay_list_configs()
returns table (pipeline text, outbox text, consumer_group text, relay_group text, enabled boolean, config jsonb)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select p.name, o.name, g.name, p.relay_group, p.enabled, tide._masked(p.config)
    from tide.pipeline p
      join tide.outbox o on o.id = p.outbox_id
      join tide.consumer_group g on g.id = p.group_id
    order by p.name
$$;
comment on function tide.relay_list_configs() is 'Every pipeline with its configuration, secrets as ********.';
