create or replace function tide._place_to_read(
  p tide.position,
  out done pg_snapshot, out page pg_snapshot, out last_id bigint
)
language sql immutable
as $$
  select case when p.seek_request is null then p.done else (p.seek_request ->> 'done')::pg_snapshot end,
         case when p.seek_request is null then p.page else (p.seek_request ->> 'page')::pg_snapshot end,
         case when p.seek_request is null then p.last_id else (p.seek_request ->> 'last_id')::bigint end
$$;
comment on function tide._place_to_read(tide.position) is
  'Where a group reads on once a seek that was asked for is applied.';
