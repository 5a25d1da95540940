create or replace view tide.secrets as
  select s.name,
         s.key_id,
         s.set_at,
         array(select u.pipeline from tide._secret_users() u where u.secret = s.name order by 1) as pipelines
    from tide.secret s
    order by s.name;
comment on view tide.secrets is
  'The names of the secrets that are stored, what their key is known by, and the pipelines that refer to them; no value, not even an encrypted one.';
