-- Generated from pg_tide/config by "make generate": every option of a pipeline, and what options
-- demand of each other. Replaced as a whole whenever it changed.

delete from tide.option;
insert into tide.option
  (name, type, format, default_value, minimum, maximum, choices, required, description)
values
  ('sink_type', 'text', null, '"kafka"', null, null, array['kafka'], false, 'what the messages go to'),
  ('brokers', 'text', 'host_port_list', null, null, null, null, true, 'where to begin: host:port of one or more brokers, separated by commas'),
  ('client_id', 'text', null, '"pg-tide"', 1, 200, null, false, 'the name shown in the brokers'' logs and quotas'),
  ('request_timeout_ms', 'integer', null, '30000', 100, 600000, null, false, 'how long to wait for a broker''s answer before it counts as away'),
  ('metadata_max_age_ms', 'integer', null, '60000', 100, 86400000, null, false, 'how long what is known of topics and partitions is used before asking again'),
  ('acks', 'text', null, '"all"', null, null, array['0', '1', 'all'], false, 'who must have a record: all in-sync replicas, the leader (1), nobody (0); only all loses nothing'),
  ('idempotent', 'boolean', null, null, null, null, null, false, 'let brokers drop what a retry repeats; unset: true where acks is all'),
  ('compression', 'text', null, '"zstd"', null, null, array['none', 'gzip', 'snappy', 'lz4', 'zstd'], false, 'how batches are compressed'),
  ('batch_size', 'integer', null, null, 1, 100000, null, false, 'most messages carried as one batch; unset: grows with the backlog, to 5000'),
  ('max_in_flight', 'integer', null, '20000', 1, 1000000, null, false, 'most messages polled but not yet acknowledged'),
  ('max_request_size', 'integer', null, '1048576', 1024, 1073741824, null, false, 'most bytes of one produce batch; a larger message cannot go'),
  ('topic', 'text', 'topic_template', null, null, null, null, true, 'the topic; a template'),
  ('message_key', 'text', 'key_template', '"{key}"', null, null, null, false, 'the record''s key; a template, in which a null {key} or {dedup_key} gives a null key'),
  ('headers', 'object', 'header_map', '{}', null, null, null, false, 'headers of every record, after the message''s own; values are templates'),
  ('metadata_headers', 'boolean', null, 'true', null, null, null, false, 'add pg_tide_outbox, pg_tide_op, pg_tide_id (outbox:id) and pg_tide_dedup_key, last'),
  ('message_headers', 'boolean', null, 'true', null, null, null, false, 'let the message''s own headers go along, first'),
  ('transform.filter', 'text', 'jmespath', null, null, null, null, false, 'drops the messages for which it is null, false, "", [] or {}'),
  ('transform.payload', 'text', 'jmespath', null, null, null, null, false, 'its result is the new payload; a null result is a tombstone'),
  ('retry_backoff_ms', 'integer', null, '100', 1, 3600000, null, false, 'the first wait after a failure that will pass; doubled, with jitter'),
  ('retry_backoff_max_ms', 'integer', null, '60000', 1, 86400000, null, false, 'the longest wait between two tries'),
  ('fatal_retry_ms', 'integer', null, '60000', 0, 86400000, null, false, 'when a failed pipeline is tried again; 0: only when it is changed or enabled'),
  ('start_from', 'text', 'start_from', '"earliest"', null, null, null, false, 'where a new consumer group starts: earliest, latest, a message id or a timestamp'),
  ('relay_group', 'text', null, '"default"', 1, 200, null, false, 'relays started with this --relay-group run the pipeline'),
  ('commit_interval_ms', 'integer', null, '50', 0, 60000, null, false, 'the least time between two writes of the position');

delete from tide.option_rule;
insert into tide.option_rule
  (kind, option, value, other, message, hint)
values
  ('conflict', 'idempotent', '{"when": [true], "other": ["0", "1"]}', 'acks', 'true conflicts with acks {other}', 'use acks "all", or leave idempotent out'),
  ('requirement', 'batch_size', '{"at_most": true}', 'max_in_flight', 'must not be above max_in_flight ({other}), not {value}', null),
  ('requirement', 'retry_backoff_ms', '{"at_most": true}', 'retry_backoff_max_ms', 'must not be above retry_backoff_max_ms ({other}), not {value}', null);
