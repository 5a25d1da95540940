create or replace function tide._config_name_problems(config jsonb) returns setof text
language sql stable
as $$
  select case
    when o.name is not null then
      format('%s: given twice, as %s and inside %s', e.path, tide._shown(to_jsonb(e.path)),
        tide._shown(to_jsonb(split_part(e.path, '.', 1))))
    when tide._is_section(e.path) then
      format('%s: must be an object, not %s', e.path, tide._shown(e.value))
    else
      format('%s: unknown option%s', tide._shown_name(e.path), tide._option_suggestion(e.path))
    end
  from (select c.*, count(*) over (partition by c.path) as times from tide._config_entries(config) c) e
    left join tide.option o on o.name = e.path
  where (o.name is null or e.times > 1)
    and not (e.value = 'null' and tide._is_section(e.path))
$$;
comment on function tide._config_name_problems(jsonb) is
  'What is wrong with the names in a configuration, whatever their values.';
