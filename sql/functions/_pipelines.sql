create or replace function tide._pipelines(relay_group text)
returns table (
  id         int,
  name       text,
  outbox_id  int,
  outbox     text,
  group_id   int,
  group_name text,
  config     jsonb,
  enabled    boolean,
  revision   bigint,
  seek       text,
  to_retry   boolean
)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select p.id, p.name, p.outbox_id, o.name, p.group_id, g.name, p.config, p.enabled, p.revision,
         s.seek_request ->> 'requested_at', tide._has_retries(p.id)
    from tide.pipeline p
      join tide.outbox o on o.id = p.outbox_id
      join tide.consumer_group g on g.id = p.group_id
      join tide.position s on s.group_id = p.group_id
    where $1 is null or p.relay_group = $1
    order by p.id
$$;
comment on function tide._pipelines(text) is
  'The pipelines of a relay group (null: of all) as configured, enabled or not, and when a seek was asked for that nobody has applied yet; and whether dead letters are to be tried again.';
