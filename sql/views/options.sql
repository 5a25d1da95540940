create or replace view tide.options as
  select o.name, o.type, o.default_value, o.required, o.choices, o.minimum, o.maximum, o.format, o.secret, o.reference, o.description
    from tide.option o
    order by o.name;
comment on view tide.options is 'Every option of a pipeline''s configuration.';
