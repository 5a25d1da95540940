create or replace function tide._check_arrays(
  payloads jsonb[], dedup_keys text[], headers jsonb[], ops text[], keys text[]
) returns void
language plpgsql immutable
as $$
declare
  expected int := cardinality(payloads);
  wrong    record;
begin
  if payloads is null then
    raise exception 'payloads must not be null' using errcode = 'null_value_not_allowed',
      hint = 'Pass an array; for one tombstone, array[null]::jsonb[].';
  end if;
  select a.name, a.length, a.dimensions into wrong
    from (values ('payloads', cardinality(payloads), array_ndims(payloads)),
                 ('dedup_keys', cardinality(dedup_keys), array_ndims(dedup_keys)),
                 ('headers', cardinality(headers), array_ndims(headers)),
                 ('ops', cardinality(ops), array_ndims(ops)),
                 ('keys', cardinality(keys), array_ndims(keys))) as a (name, length, dimensions)
    where a.length <> expected or a.dimensions > 1
    limit 1;
  if not found then
    return;
  end if;
  if wrong.dimensions > 1 then
    raise exception '% has % dimensions, not one', wrong.name, wrong.dimensions
      using errcode = 'array_subscript_error', hint = 'Every array has one element for each message.';
  end if;
  raise exception '% has % elements, but payloads has %', wrong.name, wrong.length, expected
    using errcode = 'array_subscript_error',
      hint = 'Every array has one element for each message; pass null for an array of defaults.';
end $$;
comment on function tide._check_arrays(jsonb[], text[], jsonb[], text[], text[]) is
  'Raises 2202E unless all arrays given are one-dimensional and of one length.';
