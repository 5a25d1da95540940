create or replace function tide._slot_has_rows(outbox_id int, slot int2) returns boolean
language plpgsql volatile
as $$
declare
  has_rows boolean;
begin
  execute format('select exists (select from tide.message_%s_%s)', outbox_id, slot) into has_rows;
  return has_rows;
end $$;
comment on function tide._slot_has_rows(int, int2) is 'Whether a slot holds messages.';
