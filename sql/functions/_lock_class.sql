create or replace function tide._lock_class() returns int
language sql immutable
as $$ select 1953063013 $$;  -- 'tide' in ASCII
comment on function tide._lock_class() is 'The first key of the advisory locks of consumer groups; the second is the group''s id.';
