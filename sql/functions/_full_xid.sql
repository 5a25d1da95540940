create or replace function tide._full_xid(own xid, horizon bigint) returns bigint
language sql immutable
as $$
  select horizon - ((horizon - own::text::bigint) & 4294967295)
$$;
comment on function tide._full_xid(xid, bigint) is
  'The greatest transaction id up to a horizon whose lower 32 bits are these, which is all that a row''s xmin has.';
