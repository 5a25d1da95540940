-- Rules across options may also warn; and they know what was given from what is the default.
alter table tide.option_rule drop constraint option_rule_kind_check;
alter table tide.option_rule add constraint option_rule_kind_check
  check (kind in ('conflict', 'requirement', 'warning'));
drop function if exists tide._rule_is_broken(tide.option_rule, jsonb, jsonb);
drop function if exists tide._config_rule_problems(jsonb, text[]);
