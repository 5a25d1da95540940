-- What has been applied here; the only part of the schema that is there before the first migration.
create schema if not exists tide;
comment on schema tide is 'pg_tide: a transactional outbox, relayed to Kafka';

create table if not exists tide.migration (
  number     int         primary key,
  name       text        not null,
  applied_at timestamptz not null default now()
);
comment on table tide.migration is 'The migrations applied to this schema.';

create table if not exists tide.schema_applied (
  version    text        not null,
  digest     text        not null,
  applied_at timestamptz not null default now(),
  one_row    boolean     primary key default true check (one_row)
);
comment on table tide.schema_applied is 'One row: which program''s functions, views, options and grants stand here, and the digest of their texts.';
