-- The table whose changes Debezium recorded, and each of its rows by a name.
create temp table item (
  id int primary key,
  name text not null,
  doc jsonb,
  price numeric(10,2),
  amount numeric,
  created timestamptz not null default now(),
  raw bytea,
  active boolean default true,
  ref uuid,
  small smallint,
  big bigint,
  ratio double precision,
  single real,
  day date,
  clock time,
  at timestamp,
  tags text[]
);
set timezone = 'Europe/Athens';
insert into item values
  (1, 'from the snapshot', '{"a": [1, 2.50, null], "b": 1}', 12.30, 1234.5678, '2026-01-02 03:04:05.678901+02',
   '\x00ff10', true, '00000000-0000-4000-8000-000000000001', -3, 9007199254740993, 0.1, 1.5, '2026-01-02',
   '03:04:05.678901', '2026-01-02 03:04:05.678901', array['a', null, 'b c']),
  (2, 'é "quoted" \', '{"a": [1, 2.50, null], "b": 1}', -0.05, 100000000000000000000, '2026-01-02 03:04:05+00',
   '', false, '00000000-0000-4000-8000-000000000002', 3, -1, 'NaN', 'Infinity', '1969-12-31', '00:00',
   '1969-12-31 23:59:59', '{}');
insert into item (id, name, created) values
  (3, 'only nulls', '2026-06-30 00:00:00.5+00'),
  (5, 'two in one transaction', '2026-06-30 00:00:00+00'),
  (6, 'second of two', '2026-06-30 00:00:00+00');
