-- setval may not fall behind publishers, who draw at the same time: hence the distance.
create or replace function tide._raise_sequences() returns void
language plpgsql
as $$
declare
  drawn_for record;
  highest   bigint;
  next_one  bigint;
begin
  for drawn_for in
    select a.attrelid::regclass::text as relation, a.attname as name,
           pg_get_serial_sequence(a.attrelid::regclass::text, a.attname) as sequence
      from pg_catalog.pg_class c join pg_catalog.pg_attribute a on a.attrelid = c.oid
      where c.relnamespace = 'tide'::regnamespace and not c.relispartition and a.attidentity <> ''
    union all
    select 'tide.dead_letter', 'message_id', 'tide.message_id_seq'
  loop
    execute format('select max(%I) from %s', drawn_for.name, drawn_for.relation) into highest;
    execute format('select last_value + is_called::int from %s', drawn_for.sequence) into next_one;
    if highest >= next_one then
      perform setval(drawn_for.sequence, highest + 1000);
    end if;
  end loop;
end $$;
comment on function tide._raise_sequences() is
  'Sees to it that no id is given out that a row has, nor one of a message that only a dead letter has: a logical copy leaves sequences behind.';
