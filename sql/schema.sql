-- The whole schema, as the migrations and functions make it. Written by "make sql-snapshot", to be
-- read and compared; it is never applied.
--
-- PostgreSQL database dump
--

--
-- Name: tide; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA tide;

--
-- Name: SCHEMA tide; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON SCHEMA tide IS 'pg_tide: a transactional outbox, relayed to Kafka';

--
-- Name: _add_group(integer, text, text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._add_group(outbox_id integer, name text, start_from text) RETURNS integer
    LANGUAGE plpgsql
    AS $$
declare
  new_id int;
  start  record;
begin
  perform tide._refuse_foreign_outbox(outbox_id);
  select p.done, p.page, p.last_id into start from tide._position_at(outbox_id, start_from) as p;
  insert into tide.consumer_group (outbox_id, name) values (_add_group.outbox_id, _add_group.name)
    on conflict do nothing
    returning id into new_id;
  if new_id is null then
    return null;
  end if;
  insert into tide.position (group_id, done, page, last_id) values (new_id, start.done, start.page, start.last_id);
  perform tide._stamp_position(new_id);
  return new_id;
end $$;

--
-- Name: FUNCTION _add_group(outbox_id integer, name text, start_from text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._add_group(outbox_id integer, name text, start_from text) IS 'Makes a consumer group that starts at a target, and returns its id; null when there is one of that name.';

--
-- Name: _apply_seek(integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._apply_seek(group_id integer) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  update tide.position p
    set (done, page, last_id) = (select w.done, w.page, w.last_id from tide._place_to_read(p) as w),
        seek_request = null, floor_id = 0, next_floor_id = 0, next_floor_xid = null
    where p.group_id = _apply_seek.group_id and p.seek_request is not null;
  if found then
    perform tide._stamp_position(group_id);
  end if;
end $$;

--
-- Name: FUNCTION _apply_seek(group_id integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._apply_seek(group_id integer) IS 'Moves a position to where it was asked to be, if it was. Whoever calls it may write the position.';

--
-- Name: _are_headers(jsonb); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._are_headers(headers jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $_$
  select jsonb_typeof(headers) = 'object'
    and not jsonb_path_exists(headers, 'strict $.* ? (@.type() <> "string")')
$_$;

--
-- Name: FUNCTION _are_headers(headers jsonb); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._are_headers(headers jsonb) IS 'Whether headers are a flat object of strings; null for null.';

--
-- Name: _attempt(integer, uuid, bigint); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._attempt(group_id integer, epoch uuid, message_id bigint) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  tried int;
begin
  perform set_config('synchronous_commit', 'on', true);
  perform tide._hold_position(group_id, epoch);
  update tide.position p
    set attempts = case
          when _attempt.message_id is null then 0
          when p.attempt_id = _attempt.message_id then p.attempts + 1
          else 1
        end,
        attempt_id = _attempt.message_id
    where p.group_id = _attempt.group_id
    returning p.attempts into tried;
  perform tide._stamp_position(group_id);
  return tried;
end $$;

--
-- Name: FUNCTION _attempt(group_id integer, epoch uuid, message_id bigint); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._attempt(group_id integer, epoch uuid, message_id bigint) IS 'Takes note, durably, that a message is about to be tried alone, and returns how often it has been, this time counted; null: none is. Raises TD001 without the lease.';

--
-- Name: _attribute_map_problems(text, jsonb); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._attribute_map_problems(path text, attributes jsonb) RETURNS SETOF text
    LANGUAGE sql IMMUTABLE
    AS $_$
  select tide._header_map_problems(path, attributes - '')
  union all
  select case
      when a.key !~ '^[a-z0-9]+$' then path || ': the name ' || tide._shown(to_jsonb(a.key)) || ' is not made of a-z and 0-9'
      else path || '.' || a.key || ': is no extension, but an attribute of every event'
    end
  from jsonb_each(attributes) as a
  where a.key !~ '^[a-z0-9]+$'
    or a.key in ('specversion', 'id', 'source', 'type', 'subject', 'time', 'datacontenttype', 'dataschema', 'data')
$_$;

--
-- Name: FUNCTION _attribute_map_problems(path text, attributes jsonb); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._attribute_map_problems(path text, attributes jsonb) IS 'What is wrong with an object of CloudEvents extensions: names and templates.';

--
-- Name: _await_ring(integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._await_ring(outbox_id integer) RETURNS void
    LANGUAGE plpgsql
    SET lock_timeout TO '10s'
    AS $$
begin
  execute format('lock table tide.message_%s in exclusive mode', outbox_id);
exception
  when lock_not_available then
    raise exception 'outbox "%" is being written', (select o.name from tide.outbox o where o.id = outbox_id)
      using errcode = 'lock_not_available',
        detail = format('In use by %s.', tide._sessions_using(format('tide.message_%s', outbox_id)::regclass)),
        hint = 'A transaction that published to it stays open. End it, and try again.';
end $$;

--
-- Name: FUNCTION _await_ring(outbox_id integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._await_ring(outbox_id integer) IS 'Locks the tables of an outbox against all who write there, when those who did have ended, or raises 55P03 after ten seconds.';

--
-- Name: _broken_rules(jsonb, text[]); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._broken_rules(config jsonb, wrong text[] DEFAULT '{}'::text[]) RETURNS TABLE(kind text, problem text)
    LANGUAGE sql STABLE
    AS $$
  select r.kind, r.option || ': '
    || replace(replace(r.message, '{value}', tide._shown(v.value)), '{other}', tide._shown(v.other))
    || coalesce('; ' || r.hint, '')
  from tide.option_rule r,
    lateral (select tide._config_value(config, r.option) as value,
      tide._config_value(config, r.other) as other) as v
  where r.option <> all (wrong) and r.other <> all (wrong)
    and tide._rule_is_broken(r,
      v.value, exists (select from tide._config_given(config) g where g.option = r.option),
      v.other, exists (select from tide._config_given(config) g where g.option = r.other))
$$;

--
-- Name: FUNCTION _broken_rules(config jsonb, wrong text[]); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._broken_rules(config jsonb, wrong text[]) IS 'The rules across options that a configuration breaks, each as a kind and a sentence; not of options already found wrong.';

--
-- Name: _chains(bigint[]); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._chains(ids bigint[]) RETURNS TABLE(pipeline_id integer, key text)
    LANGUAGE sql STABLE
    AS $$
  select distinct d.pipeline_id, d.key from tide.dead_letter d where d.id = any (ids) and d.parks_key
$$;

--
-- Name: FUNCTION _chains(ids bigint[]); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._chains(ids bigint[]) IS 'The chains that dead letters belong to, or belonged to.';

--
-- Name: _check_arrays(jsonb[], text[], jsonb[], text[], text[]); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._check_arrays(payloads jsonb[], dedup_keys text[], headers jsonb[], ops text[], keys text[]) RETURNS void
    LANGUAGE plpgsql IMMUTABLE
    AS $$
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

--
-- Name: FUNCTION _check_arrays(payloads jsonb[], dedup_keys text[], headers jsonb[], ops text[], keys text[]); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._check_arrays(payloads jsonb[], dedup_keys text[], headers jsonb[], ops text[], keys text[]) IS 'Raises 2202E unless all arrays given are one-dimensional and of one length.';

--
-- Name: _check_headers(jsonb); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._check_headers(headers jsonb) RETURNS void
    LANGUAGE plpgsql IMMUTABLE
    AS $$
declare
  wrong record;
begin
  if jsonb_typeof(headers) <> 'object' then
    raise exception 'headers must be an object of strings, not %', jsonb_typeof(headers)
      using errcode = 'invalid_parameter_value',
        hint = 'Write them as jsonb_build_object(''trace'', ''abc'').';
  end if;
  select h.key, jsonb_typeof(h.value) as type into wrong
    from jsonb_each(headers) as h where jsonb_typeof(h.value) <> 'string' limit 1;
  if found then
    raise exception 'header "%" must be a string, not %', wrong.key, wrong.type
      using errcode = 'invalid_parameter_value',
        hint = 'Headers are a flat object of strings; convert the value with ::text first.';
  end if;
end $$;

--
-- Name: FUNCTION _check_headers(headers jsonb); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._check_headers(headers jsonb) IS 'Raises 22023 unless headers are a flat object of strings.';

--
-- Name: _check_message_limit(integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._check_message_limit(max_message_bytes integer) RETURNS void
    LANGUAGE plpgsql IMMUTABLE
    AS $$
begin
  if max_message_bytes < 0 then
    raise exception 'max_message_bytes must not be negative, but is %', max_message_bytes
      using errcode = 'invalid_parameter_value', hint = 'Use 0 for no limit.';
  end if;
end $$;

--
-- Name: FUNCTION _check_message_limit(max_message_bytes integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._check_message_limit(max_message_bytes integer) IS 'Raises 22023 for a negative size.';

--
-- Name: _check_name(text, text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._check_name(what text, name text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE
    AS $$
declare
  problem text := tide._name_problem(name);
begin
  if problem is not null then
    raise exception '% %', what, problem
      using errcode = case when name is null then 'null_value_not_allowed' else 'invalid_name' end,
        hint = 'A name has 1 to 200 characters, no control characters, and no space at either end.';
  end if;
end $$;

--
-- Name: FUNCTION _check_name(what text, name text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._check_name(what text, name text) IS 'Raises 22004 for a null name, 42602 for another that cannot be one.';

--
-- Name: _check_retention(numeric); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._check_retention(retention_hours numeric) RETURNS void
    LANGUAGE plpgsql IMMUTABLE
    AS $$
begin
  perform tide._refuse_null('retention_hours', retention_hours::text, 'Say how many hours, as in retention_hours => 24.');
  if not retention_hours between 0 and 876000 then
    raise exception 'retention_hours must be between 0 and 876000, not %', retention_hours
      using errcode = 'invalid_parameter_value',
        hint = 'Fractions are allowed, and 0 keeps messages only until they are delivered; 876000 is a hundred years.';
  end if;
end $$;

--
-- Name: FUNCTION _check_retention(retention_hours numeric); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._check_retention(retention_hours numeric) IS 'Raises 22023 for a retention that is negative or beyond a century.';

--
-- Name: _check_secret(text, text, bytea); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._check_secret(name text, key_id text, ciphertext bytea) RETURNS void
    LANGUAGE plpgsql IMMUTABLE
    AS $_$
begin
  perform tide._refuse_null('name', name, 'Name the secret, as pipelines refer to it.');
  if name !~ '^[A-Za-z0-9_.-]{1,200}$' then
    raise exception '% cannot be the name of a secret', tide._shown(to_jsonb(name))
      using errcode = 'invalid_name',
        hint = 'A name has 1 to 200 of a-z, A-Z, 0-9, "_", "." and "-".';
  end if;
  if (key_id ~ '^[0-9a-f]{16}$' and length(ciphertext) between 28 and 70000) is not true then
    raise exception 'secret "%" is not encrypted', name
      using errcode = 'invalid_parameter_value',
        hint = format('Set it with "pg-tide secret set %s". If it was sent here in clear, change it where it is from.', name);
  end if;
end $_$;

--
-- Name: FUNCTION _check_secret(name text, key_id text, ciphertext bytea); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._check_secret(name text, key_id text, ciphertext bytea) IS 'Raises 22004 or 42602 for what is no name of a secret, 22023 for what pg-tide cannot have encrypted.';

--
-- Name: _column_problem(jsonb); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._column_problem(declared jsonb) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    AS $_$
declare
  written text;
begin
  if jsonb_typeof(declared) = 'string' then
    written := (regexp_match(declared #>> '{}',
      '^ *(?:"[^"]+"|[a-zA-Z_][a-zA-Z0-9_]*) +([^''"]*?)(?: +[nN][oO][tT] +[nN][uU][lL][lL])?'
      || '(?: +[dD][eE][fF][aA][uU][lL][tT] +'
      || '(?:''[^'']*''|[tT][rR][uU][eE]|[fF][aA][lL][sS][eE]|-?[0-9]+(?:\.[0-9]+)?))? *$'))[1];
  end if;
  if written is null then
    return 'must be a column like "price numeric(10,2) not null", not ' || tide._shown(declared);
  elsif lower(written collate "C") !~ ('^(?:smallint|int2|integer|int|int4|bigint|int8|oid|real|float4'
      || '|double precision|float8|boolean|bool|text|citext|name|xml|inet|cidr|macaddr|uuid|json|jsonb'
      || '|bytea|date|(?:character varying|varchar|character|char|bpchar)(?: ?\([0-9]{1,8}\))?'
      || '|(?:timetz|timestamptz|(?:time|timestamp)(?: with time zone| without time zone)?)'
      || '|(?:time|timestamp) ?\([0-6]\)(?: with time zone| without time zone)?'
      || '|(?:timetz|timestamptz) ?\([0-6]\)'
      || '|(?:numeric|decimal)(?: ?\( ?[0-9]{1,4} ?(?:, ?[0-9]{1,4} ?)?\))?)(?:\[\])?$') then
    return 'has a type that is not known here: ' || tide._shown(to_jsonb(written));
  end if;
  return null;
end $_$;

--
-- Name: FUNCTION _column_problem(declared jsonb); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._column_problem(declared jsonb) IS 'What is wrong with a column and its type, null where nothing is.';

--
-- Name: _columns_problems(text, jsonb); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._columns_problems(path text, columns jsonb) RETURNS SETOF text
    LANGUAGE plpgsql STABLE
    AS $$
begin
  return query
    select format('%s[%s]: %s', path, c.place - 1, tide._column_problem(c.value))
    from jsonb_array_elements(columns) with ordinality as c (value, place)
    where tide._column_problem(c.value) is not null;
  if found then
    return;
  elsif columns = '[]' then
    return next path || ': must not be empty';
  else
    return query
      select path || ': ' || tide._shown(to_jsonb(n.name)) || ' is given twice'
      from (select btrim((regexp_match(c, '^ *("[^"]+"|[a-zA-Z_][a-zA-Z0-9_]*) '))[1], '"') as name
        from jsonb_array_elements_text(columns) as c) as n
      group by n.name having count(*) > 1;
  end if;
end $$;

--
-- Name: FUNCTION _columns_problems(path text, columns jsonb); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._columns_problems(path text, columns jsonb) IS 'What is wrong with a list of columns and their types.';

--
-- Name: intent; Type: TABLE; Schema: tide; Owner: -
--

CREATE TABLE tide.intent (
    group_id integer NOT NULL,
    number bigint NOT NULL,
    token uuid NOT NULL,
    epoch uuid NOT NULL,
    start_done pg_snapshot NOT NULL,
    start_page pg_snapshot,
    start_last_id bigint NOT NULL,
    end_done pg_snapshot NOT NULL,
    end_page pg_snapshot,
    end_last_id bigint NOT NULL,
    transactional_id text NOT NULL,
    brokers text[] NOT NULL,
    delivered bigint NOT NULL,
    filtered bigint NOT NULL,
    letters jsonb,
    ended jsonb,
    answer boolean,
    written_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT intent_number_check CHECK ((number > 0))
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='1000');

--
-- Name: TABLE intent; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON TABLE tide.intent IS 'The Kafka transactions whose outcome is not written yet: at most two a consumer group, each beginning where the one before it ends.';

--
-- Name: COLUMN intent.token; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON COLUMN tide.intent.token IS 'What the transaction commits to Kafka, by which it is known whether it was committed.';

--
-- Name: COLUMN intent.letters; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON COLUMN tide.intent.letters IS 'What it puts aside, for tide._put_aside; nothing of it counts before it is known that the transaction was committed.';

--
-- Name: COLUMN intent.ended; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON COLUMN tide.intent.ended IS 'The ids of messages that had been put aside, by what became of them: delivered or filtered.';

--
-- Name: COLUMN intent.answer; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON COLUMN tide.intent.answer IS 'What an operator said of whether it was committed.';

--
-- Name: _commit(integer, uuid, tid, pg_snapshot, pg_snapshot, bigint, bigint, bigint, bigint, tide.intent, bigint); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._commit(group_id integer, epoch uuid, row_ctid tid, done pg_snapshot, page pg_snapshot, last_id bigint, delivered bigint, filtered bigint, dead_lettered bigint DEFAULT 0, confirmed tide.intent DEFAULT NULL::tide.intent, next_floor bigint DEFAULT NULL::bigint) RETURNS tid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '1s'
    AS $$
declare
  drawn   bigint := coalesce(next_floor, tide._next_floor());  -- before the write draws an xid
  written tid;
  stamped boolean;
  moved   tid;
begin
  perform tide._require_read_committed();
  -- Lost by a crash, a position only repeats messages: its WAL follows every commit it covers.
  perform set_config('synchronous_commit', 'off', true);
  -- The logged half of the lease is what is written to.
  if not exists (
      select from tide.lease l
      where l.group_id = _commit.group_id and l.epoch = _commit.epoch and l.writer_xmin = l.xmin) then
    perform tide._lease_lost(group_id);
  end if;
  -- By ctid, which stays fast while old versions of the row cannot be removed; a ctid may be
  -- reused by another group's row, so group and epoch go with it.
  update tide.position p
    set done = _commit.done, page = _commit.page, last_id = _commit.last_id,
        delivered = p.delivered + _commit.delivered, filtered = p.filtered + _commit.filtered,
        dead_lettered = p.dead_lettered + _commit.dead_lettered, crashes = 0,
        last_delivered_at = case when _commit.delivered > 0 then clock_timestamp() else p.last_delivered_at end,
        number = coalesce(confirmed.number, p.number), token = coalesce(confirmed.token, p.token),
        transactional_id = coalesce(confirmed.transactional_id, p.transactional_id),
        brokers = coalesce(confirmed.brokers, p.brokers),
        confirmed_at = case when confirmed.number is null then p.confirmed_at else clock_timestamp() end,
        floor_id = case when p.next_floor_xid < pg_snapshot_xmin(_commit.done) then p.next_floor_id else p.floor_id end,
        next_floor_id = case when p.next_floor_xid >= pg_snapshot_xmin(_commit.done) then p.next_floor_id
                          else coalesce(drawn, p.next_floor_id) end,
        next_floor_xid = case when drawn is null or p.next_floor_xid >= pg_snapshot_xmin(_commit.done) then p.next_floor_xid
                           else pg_current_xact_id() end,
        writer_xmin = pg_current_xact_id()::xid
    where p.ctid = row_ctid and p.group_id = _commit.group_id and p.epoch = _commit.epoch
    returning p.ctid, p.writer_xmin = p.xmin into written, stamped;
  if found and not stamped then  -- inside a savepoint
    perform tide._stamp_position(group_id);
    select p.ctid into written from tide.position p where p.group_id = _commit.group_id;
  end if;
  if found then
    return written;
  end if;
  select p.ctid into moved from tide.position p
    where p.group_id = _commit.group_id and p.epoch = _commit.epoch
    for no key update;
  if not found then
    perform tide._lease_lost(group_id);
  end if;
  return tide._commit(group_id, epoch, moved, done, page, last_id, delivered, filtered, dead_lettered, confirmed, drawn);
end $$;

--
-- Name: FUNCTION _commit(group_id integer, epoch uuid, row_ctid tid, done pg_snapshot, page pg_snapshot, last_id bigint, delivered bigint, filtered bigint, dead_lettered bigint, confirmed tide.intent, next_floor bigint); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._commit(group_id integer, epoch uuid, row_ctid tid, done pg_snapshot, page pg_snapshot, last_id bigint, delivered bigint, filtered bigint, dead_lettered bigint, confirmed tide.intent, next_floor bigint) IS 'Writes a group''s position and returns where the row now is, for the next call; with an intent, that its transaction was committed. Raises TD001 when the group is not held under this epoch.';

--
-- Name: _commit_letters(integer, uuid, tid, pg_snapshot, pg_snapshot, bigint, bigint, bigint, jsonb, bigint[], bigint[]); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._commit_letters(group_id integer, epoch uuid, INOUT row_ctid tid, done pg_snapshot, page pg_snapshot, last_id bigint, delivered bigint, filtered bigint, letters jsonb, replayed bigint[], replayed_filtered bigint[], OUT still_parked text[]) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '1s'
    AS $$
declare
  drawn         bigint := tide._next_floor();  -- before anything here draws an xid
  dead_lettered bigint := 0;
begin
  if letters <> '[]' then
    dead_lettered := tide._put_aside(group_id, epoch, letters);
  end if;
  still_parked := '{}';
  if cardinality(replayed || replayed_filtered) > 0 then
    still_parked := array(select tide._end_letters(group_id, epoch, replayed, replayed_filtered));
  end if;
  row_ctid := tide._commit(group_id, epoch, row_ctid, done, page, last_id, delivered, filtered, dead_lettered, null, drawn);
end $$;

--
-- Name: FUNCTION _commit_letters(group_id integer, epoch uuid, INOUT row_ctid tid, done pg_snapshot, page pg_snapshot, last_id bigint, delivered bigint, filtered bigint, letters jsonb, replayed bigint[], replayed_filtered bigint[], OUT still_parked text[]); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._commit_letters(group_id integer, epoch uuid, INOUT row_ctid tid, done pg_snapshot, page pg_snapshot, last_id bigint, delivered bigint, filtered bigint, letters jsonb, replayed bigint[], replayed_filtered bigint[], OUT still_parked text[]) IS 'tide._commit with what belongs to it: messages are put aside, as by tide._put_aside, and of those that were tried again it is said that they were delivered or filtered, as by tide._end_letters, whose keys are returned.';

--
-- Name: _config_entries(jsonb); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._config_entries(config jsonb) RETURNS TABLE(path text, nested boolean, value jsonb)
    LANGUAGE sql STABLE
    AS $$
  with top as (
    select e.key, e.value,
      jsonb_typeof(e.value) = 'object' and tide._is_section(e.key) as opened
    from jsonb_each(case jsonb_typeof(config) when 'object' then config else '{}' end) as e
  )
  select t.key, false, t.value from top t where not t.opened
  union all
  select t.key || '.' || e.key, true, e.value
  from top t, lateral jsonb_each(case when t.opened then t.value else '{}' end) as e
$$;

--
-- Name: FUNCTION _config_entries(config jsonb); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._config_entries(config jsonb) IS 'What a configuration gives, by dotted name; nested says that it was written inside its section.';

--
-- Name: _config_given(jsonb); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._config_given(config jsonb) RETURNS TABLE(option text, value jsonb)
    LANGUAGE sql STABLE
    AS $$
  select distinct on (o.name) o.name, e.value
  from tide._config_entries(config) e join tide.option o on o.name = e.path
  where e.value <> 'null'
  order by o.name, e.nested
$$;

--
-- Name: FUNCTION _config_given(config jsonb); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._config_given(config jsonb) IS 'The options that a configuration gives; a null counts as not given.';

--
-- Name: _config_name_problems(jsonb); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._config_name_problems(config jsonb) RETURNS SETOF text
    LANGUAGE sql STABLE
    AS $$
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

--
-- Name: FUNCTION _config_name_problems(config jsonb); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._config_name_problems(config jsonb) IS 'What is wrong with the names in a configuration, whatever their values.';

--
-- Name: _config_problems(jsonb); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._config_problems(config jsonb) RETURNS text[]
    LANGUAGE plpgsql STABLE
    AS $$
declare
  problems text[];
  wrong text[];
begin
  if coalesce(jsonb_typeof(config), 'null') <> 'object' then
    return array['config: must be an object, not ' || tide._shown(config)];
  end if;
  select coalesce(array_agg(v.problem), '{}'), coalesce(array_agg(v.option), '{}')
    into problems, wrong from tide._config_value_problems(config) v;
  return array(
    select unnest(problems) collate "C"
    union
    select tide._config_name_problems(config) collate "C"
    union
    select r.problem collate "C" from tide._broken_rules(config, wrong) r where r.kind <> 'warning'
    order by 1);
end $$;

--
-- Name: FUNCTION _config_problems(config jsonb); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._config_problems(config jsonb) IS 'A sentence for everything wrong with a pipeline''s configuration, all at once and sorted; empty when it is right.';

--
-- Name: _config_value(jsonb, text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._config_value(config jsonb, option text) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
  select coalesce(tide._option_value(o.type, given.value), given.value, o.default_value)
  from tide.option o
    left join tide._config_given(config) given on given.option = o.name
  where o.name = _config_value.option
$$;

--
-- Name: FUNCTION _config_value(config jsonb, option text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._config_value(config jsonb, option text) IS 'What a configuration says of an option, as the option''s type; else its default, null where it has none.';

--
-- Name: _config_value_problems(jsonb); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._config_value_problems(config jsonb) RETURNS TABLE(option text, problem text)
    LANGUAGE sql STABLE
    AS $$
  select o.name, p.problem
  from tide.option o
    left join tide._config_given(config) given on given.option = o.name,
    lateral (
      select o.name || ': required' where o.required and given.value is null
      union all
      select tide._value_problems(o, given.value) where given.value is not null
    ) as p (problem)
$$;

--
-- Name: FUNCTION _config_value_problems(config jsonb); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._config_value_problems(config jsonb) IS 'What is wrong with the values of a configuration, each by itself.';

--
-- Name: _confirm(integer, uuid, tid, bigint); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._confirm(group_id integer, epoch uuid, INOUT row_ctid tid, number bigint, OUT still_parked text[], OUT dead_lettered bigint) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '1s'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    AS $$
declare
  drawn bigint := tide._next_floor();  -- before anything here draws an xid
  here  tide.position;
  kept  tide.intent;
begin
  perform tide._require_read_committed();
  select p.* into here from tide.position p
    where p.ctid = row_ctid and p.group_id = _confirm.group_id and p.epoch = _confirm.epoch;
  if not found then
    select p.* into here from tide.position p where p.group_id = _confirm.group_id and p.epoch = _confirm.epoch;
  end if;
  if not found then
    perform tide._lease_lost(group_id);
  end if;
  select i.* into kept from tide._kept_intents(group_id, here.number) as i limit 1;
  if kept.number is distinct from number then
    perform tide._out_of_turn(group_id, number, format('the next one to confirm is %s', coalesce(kept.number::text, 'not there')));
  elsif (kept.start_done::text, kept.start_page::text, kept.start_last_id)
      is distinct from (here.done::text, here.page::text, here.last_id) then
    perform tide._out_of_turn(group_id, number, 'the position is not where it begins');
  end if;
  delete from tide.intent i where i.group_id = _confirm.group_id and i.number = _confirm.number;
  still_parked := '{}';
  dead_lettered := 0;
  if kept.letters is not null then
    dead_lettered := tide._put_aside(group_id, epoch, kept.letters);
  end if;
  if kept.ended is not null then
    still_parked := array(
      select tide._end_letters(group_id, epoch,
        array(select jsonb_array_elements_text(kept.ended -> 'delivered')::bigint),
        array(select jsonb_array_elements_text(kept.ended -> 'filtered')::bigint)));
  end if;
  row_ctid := tide._commit(group_id, epoch, row_ctid, kept.end_done, kept.end_page, kept.end_last_id,
    kept.delivered, kept.filtered, dead_lettered, kept, drawn);
end $$;

--
-- Name: FUNCTION _confirm(group_id integer, epoch uuid, INOUT row_ctid tid, number bigint, OUT still_parked text[], OUT dead_lettered bigint); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._confirm(group_id integer, epoch uuid, INOUT row_ctid tid, number bigint, OUT still_parked text[], OUT dead_lettered bigint) IS 'Applies what the first kept intent of a group holds, for its Kafka transaction was committed: dead letters, what became of those tried again, the position. Returns where the position''s row now is, which of their keys are still parked, and how many dead letters are new. Raises TD001 without the lease, TD005 for any other intent.';

--
-- Name: _copied_by(integer, bigint); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._copied_by(outbox_id integer, horizon bigint) RETURNS bigint[]
    LANGUAGE sql STABLE
    SET jit TO 'off'
    AS $_$
  select coalesce(array_agg(w.writer), '{}')
    from (
      select tide._full_xid(m.xmin, horizon) as writer
        from tide.message m where m.outbox_id = $1
        group by m.xmin
        having min(m.xid::text::bigint) <> max(m.xid::text::bigint)
    ) as w
    where w.writer <= (
      select max(tide._full_xid(r.xmin, horizon))
        from (
          select o.xmin, o.writer_xmin from tide.outbox o where o.id = $1
          union all
          select p.xmin, p.writer_xmin from tide.position p join tide.consumer_group g on g.id = p.group_id
            where g.outbox_id = $1
        ) as r
        where r.writer_xmin is distinct from r.xmin)
$_$;

--
-- Name: FUNCTION _copied_by(outbox_id integer, horizon bigint); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._copied_by(outbox_id integer, horizon bigint) IS 'The transactions of this cluster that brought messages of an outbox from another one, as far as that shows.';

--
-- Name: _create_ring(integer, integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._create_ring(outbox_id integer, slots integer) RETURNS void
    LANGUAGE plpgsql
    AS $_$
begin
  execute format('create table tide.message_%s (like tide.message including storage) partition by list (slot)', outbox_id);
  execute format('alter table tide.message attach partition tide.message_%1$s for values in (%1$s)', outbox_id);
  for slot in 0 .. slots - 1 loop
    execute format(
      'create table tide.message_%1$s_%2$s partition of tide.message_%1$s for values in (%2$s)'
        ' with (autovacuum_vacuum_insert_threshold = -1)', outbox_id, slot);
  end loop;
end $_$;

--
-- Name: FUNCTION _create_ring(outbox_id integer, slots integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._create_ring(outbox_id integer, slots integer) IS 'Creates the tables of an outbox: message_<id>, and in it message_<id>_<slot> for each slot. Delays no publisher.';

--
-- Name: _create_wake_sequence(integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._create_wake_sequence(outbox_id integer) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  sequence_name text := format('tide.wake_%s', outbox_id);
begin
  execute format('create sequence %s as bigint minvalue 0 start with 0 cache 1', sequence_name);
  perform setval(sequence_name::regclass, 0, true);
  update tide.outbox o set wake_sequence = sequence_name::regclass where o.id = outbox_id;
end $$;

--
-- Name: FUNCTION _create_wake_sequence(outbox_id integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._create_wake_sequence(outbox_id integer) IS 'Creates the sequence that tells publishers until when (unix seconds) a sleeping relay wants to be notified. The outbox row is stamped by the caller.';

--
-- Name: _dead_letter_counts(text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._dead_letter_counts(relay_group text) RETURNS TABLE(pipeline text, dead_letters bigint, parked_keys bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    AS $_$
  select l.name,
         (select count(*) from tide.dead_letter d
           where d.pipeline_id = l.id and d.state in ('waiting', 'parked', 'retrying')),
         (select count(distinct k.key_hash)
            from (
              select d.key_hash from tide.dead_letter d
                where d.pipeline_id = l.id and d.parks_key and d.state = 'waiting'
              union all
              select d.key_hash from tide.dead_letter d
                where d.pipeline_id = l.id and d.parks_key and d.state = 'retrying'
            ) as k)
  from tide.pipeline l
  where $1 is null or l.relay_group = $1
  order by l.name
$_$;

--
-- Name: FUNCTION _dead_letter_counts(relay_group text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._dead_letter_counts(relay_group text) IS 'How many dead letters of each pipeline of a relay group (null: of all) are unresolved, and how many keys they park.';

--
-- Name: _dead_letter_words(integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._dead_letter_words(pipeline_id integer) RETURNS text
    LANGUAGE sql STABLE
    AS $_$
  select format('%s unresolved dead letter%s', count(*), case when count(*) > 1 then 's' end)
  from tide.dead_letter d
  where d.pipeline_id = $1 and d.state in ('waiting', 'parked', 'retrying')
  having count(*) > 0
$_$;

--
-- Name: FUNCTION _dead_letter_words(pipeline_id integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._dead_letter_words(pipeline_id integer) IS 'How many dead letters of a pipeline are unresolved, in words; null when there are none.';

--
-- Name: _delete_group(integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._delete_group(group_id integer) RETURNS void
    LANGUAGE sql
    AS $_$
  delete from tide.lease l where l.group_id = $1;
  delete from tide.consumer_group g where g.id = $1;
$_$;

--
-- Name: FUNCTION _delete_group(group_id integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._delete_group(group_id integer) IS 'Deletes a consumer group with its position and lease.';

--
-- Name: _delete_outbox(integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._delete_outbox(outbox_id integer) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  leaf regclass;
begin
  delete from tide.pipeline p where p.outbox_id = _delete_outbox.outbox_id;
  delete from tide.lease l using tide.consumer_group g
    where g.id = l.group_id and g.outbox_id = _delete_outbox.outbox_id;
  delete from tide.consumer_group g where g.outbox_id = _delete_outbox.outbox_id;
  delete from tide.outbox o where o.id = _delete_outbox.outbox_id;
  for leaf in
    select t.relid from pg_catalog.pg_partition_tree(format('tide.message_%s', outbox_id)::regclass) as t where t.isleaf
  loop
    execute format('drop table %s', leaf);
  end loop;
  execute format('drop sequence tide.wake_%s', outbox_id);
end $$;

--
-- Name: FUNCTION _delete_outbox(outbox_id integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._delete_outbox(outbox_id integer) IS 'Deletes an outbox and all that belongs to it. The caller has locked its tables.';

--
-- Name: _draw_xid(); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._draw_xid() RETURNS xid8
    LANGUAGE sql
    AS $$ select pg_catalog.pg_current_xact_id() $$;

--
-- Name: FUNCTION _draw_xid(); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._draw_xid() IS 'A transaction id given out now: whoever had one before is below it, and is over once a snapshot''s xmin is above it.';

--
-- Name: _drop_empty_rings(); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._drop_empty_rings() RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  ring    text;
  dropped int := 0;
begin
  for ring in select r from tide._empty_rings() as r
  loop
    begin
      lock table only tide.message in access exclusive mode nowait;
    exception
      when lock_not_available then
        return dropped;
    end;
    execute format('drop table tide.%I', ring);
    dropped := dropped + 1;
  end loop;
  return dropped;
end $$;

--
-- Name: FUNCTION _drop_empty_rings(); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._drop_empty_rings() IS 'Removes the tables that dropped outboxes left behind, if nobody publishes or polls this moment; in a short transaction, for tide.message is locked until its end. Returns how many.';

--
-- Name: _edit_distance(text, text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._edit_distance(a text, b text) RETURNS integer
    LANGUAGE plpgsql IMMUTABLE
    AS $$
declare
  before_last int[];
  last int[] := array(select generate_series(0, length(b)));
  this int[];
begin
  for i in 1..length(a) loop
    this := array[i];
    for j in 1..length(b) loop
      this[j + 1] := least(
        last[j + 1] + 1,
        this[j] + 1,
        last[j] + (substr(a, i, 1) <> substr(b, j, 1))::int);
      if i > 1 and j > 1 and substr(a, i, 1) = substr(b, j - 1, 1)
          and substr(a, i - 1, 1) = substr(b, j, 1) then
        this[j + 1] := least(this[j + 1], before_last[j - 1] + 1);
      end if;
    end loop;
    before_last := last;
    last := this;
  end loop;
  return last[length(b) + 1];
end $$;

--
-- Name: FUNCTION _edit_distance(a text, b text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._edit_distance(a text, b text) IS 'How many insertions, deletions, replacements and swaps of neighbours make a of b.';

--
-- Name: _empty_rings(); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._empty_rings() RETURNS SETOF text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select c.relname::text from pg_catalog.pg_inherits i join pg_catalog.pg_class c on c.oid = i.inhrelid
  where i.inhparent = 'tide.message'::regclass
    and not exists (select from pg_catalog.pg_inherits leaf where leaf.inhparent = c.oid)
    and not exists (select from tide.outbox o where c.relname = format('message_%s', o.id))
$$;

--
-- Name: FUNCTION _empty_rings(); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._empty_rings() IS 'The tables that dropped outboxes left behind.';

--
-- Name: _empty_slot(integer, smallint); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._empty_slot(outbox_id integer, slot smallint) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
declare
  leaf text := format('tide.message_%s_%s', outbox_id, slot);
begin
  if not tide._slot_is_over(outbox_id, slot) then
    return false;
  end if;
  begin
    execute format('lock table %s in access exclusive mode nowait', leaf);
  exception
    when lock_not_available then
      return false;  -- somebody still writes or reads there; waiting would stall all who come after
  end;
  -- Again, in a statement later than the lock: an older snapshot would miss what was published meanwhile.
  if not tide._slot_is_over(outbox_id, slot) then
    return false;
  end if;
  execute format('truncate %s', leaf);
  return true;
end $$;

--
-- Name: FUNCTION _empty_slot(outbox_id integer, slot smallint); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._empty_slot(outbox_id integer, slot smallint) IS 'Truncates a slot if it holds messages, all delivered and expired, and nobody uses it this moment; whether it did.';

--
-- Name: _end_blocker(integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._end_blocker(group_id integer) RETURNS text
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  select string_agg(
      case
        when l.pid is null then 'a prepared transaction'
        when a.application_name = 'pg-tide pool' and a.usename = current_user and pg_catalog.pg_terminate_backend(l.pid)
          then null
        else format('session %s (%s)', l.pid, concat_ws(' of ', nullif(a.application_name, ''), a.usename))
      end, ', ')
    from tide.position p
      join pg_catalog.pg_locks l on l.locktype = 'transactionid' and l.granted and l.transactionid = p.xmax
      left join pg_catalog.pg_stat_activity a on a.pid = l.pid
    where p.group_id = $1
$_$;

--
-- Name: FUNCTION _end_blocker(group_id integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._end_blocker(group_id integer) IS 'Ends the transaction of a relay that keeps the position of a group locked, as a frozen one does; who else does so, in words, is left alone.';

--
-- Name: _end_letters(integer, uuid, bigint[], bigint[]); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._end_letters(group_id integer, epoch uuid, delivered bigint[], filtered bigint[]) RETURNS SETOF text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_material TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
declare
  of_pipeline int := tide._hold_position(group_id, epoch);
  ended       bigint[];
begin
  with done as (
    update tide.dead_letter d
      set state = m.state, attempts = d.attempts + 1,
          last_at = clock_timestamp(), resolved_at = clock_timestamp()
      from (
          select unnest(delivered) as message_id, 'delivered' as state
          union all
          select unnest(filtered), 'filtered') as m
        cross join lateral (
          select u.id from tide.dead_letter u
          where u.pipeline_id = of_pipeline and u.message_id = m.message_id
            and u.state in ('waiting', 'parked', 'retrying')
          limit 1) as u
      where d.id = u.id and d.state in ('parked', 'retrying')
      returning d.id)
  select array_agg(o.id) into ended from done o;
  select coalesce(ended, '{}') || coalesce(array_agg(d.id), '{}') into ended
    from unnest(delivered || filtered) as m (message_id)
      cross join lateral (
        select u.id from tide.dead_letter u
        where u.pipeline_id = of_pipeline and u.message_id = m.message_id and u.state = 'discarded'
        order by u.id desc
        limit 1) as d;
  perform tide._lead_chains(ended);
  return query
    select c.key from tide._chains(ended) as c
    where exists (select from tide._first_of_chain(c.pipeline_id, c.key));
end $$;

--
-- Name: FUNCTION _end_letters(group_id integer, epoch uuid, delivered bigint[], filtered bigint[]); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._end_letters(group_id integer, epoch uuid, delivered bigint[], filtered bigint[]) IS 'Says of messages that were tried again that they were delivered or filtered; one that was discarded meanwhile stays so. Returns those of their keys that are still parked. Raises TD001 without the lease.';

--
-- Name: _end_silent_relays(uuid); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._end_silent_relays(caller uuid) RETURNS integer
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select count(*)::int
  from (
    select pg_catalog.pg_terminate_backend(r.backend_pid) as ended
      from tide.relay_process r
        cross join lateral pg_catalog.pg_stat_get_activity(r.backend_pid) as a
      where a.datid = (select d.oid from pg_catalog.pg_database d where d.datname = current_database())
        and a.usesysid = (select u.oid from pg_catalog.pg_roles u where u.rolname = current_user)
        and a.backend_start <= r.started_at
        and r.backend_pid <> pg_backend_pid()
        and (r.id = caller or tide._is_silent(a.state, a.state_change))
  ) as e
  where e.ended
$$;

--
-- Name: FUNCTION _end_silent_relays(caller uuid); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._end_silent_relays(caller uuid) IS 'Ends the lock connections, and so the locks, of relays that have said nothing for too long, and an earlier one of the relay that calls; how many.';

--
-- Name: dead_letter; Type: TABLE; Schema: tide; Owner: -
--

CREATE TABLE tide.dead_letter (
    id bigint NOT NULL,
    pipeline_id integer NOT NULL,
    outbox_id integer NOT NULL,
    message_id bigint NOT NULL,
    published_at timestamp with time zone NOT NULL,
    op text NOT NULL,
    key text,
    dedup_key text,
    source text,
    headers jsonb,
    payload jsonb,
    payload_bytes bytea,
    before jsonb,
    stage text NOT NULL,
    reason text NOT NULL,
    error text NOT NULL,
    attempts integer NOT NULL,
    first_at timestamp with time zone NOT NULL,
    last_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    state text NOT NULL,
    parks_key boolean NOT NULL,
    resolved_at timestamp with time zone,
    key_hash bigint GENERATED ALWAYS AS (hashtextextended(key, (0)::bigint)) STORED,
    CONSTRAINT dead_letter_check CHECK (((NOT parks_key) OR (key IS NOT NULL))),
    CONSTRAINT dead_letter_check1 CHECK ((parks_key OR (state <> 'parked'::text))),
    CONSTRAINT dead_letter_check2 CHECK (((resolved_at IS NULL) = (state = ANY (ARRAY['waiting'::text, 'parked'::text, 'retrying'::text])))),
    CONSTRAINT dead_letter_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'parked'::text, 'retrying'::text, 'delivered'::text, 'filtered'::text, 'discarded'::text])))
)
WITH (autovacuum_vacuum_scale_factor='0.05');
ALTER TABLE ONLY tide.dead_letter ALTER COLUMN headers SET STORAGE EXTERNAL;
ALTER TABLE ONLY tide.dead_letter ALTER COLUMN payload SET STORAGE EXTERNAL;
ALTER TABLE ONLY tide.dead_letter ALTER COLUMN payload_bytes SET STORAGE EXTERNAL;
ALTER TABLE ONLY tide.dead_letter ALTER COLUMN before SET STORAGE EXTERNAL;

--
-- Name: TABLE dead_letter; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON TABLE tide.dead_letter IS 'Messages that were put aside, whole, with what was wrong with them. Written by the relay; marked by tide.dead_letter_retry and tide.dead_letter_discard.';

--
-- Name: COLUMN dead_letter.attempts; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON COLUMN tide.dead_letter.attempts IS 'How often the message was tried.';

--
-- Name: COLUMN dead_letter.state; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON COLUMN tide.dead_letter.state IS 'waiting for somebody to decide, parked behind an earlier message of its key, retrying; or resolved: delivered, filtered, discarded.';

--
-- Name: COLUMN dead_letter.parks_key; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON COLUMN tide.dead_letter.parks_key IS 'Whether later messages of its key wait until it is resolved. Those of one key are a chain, in the order of id; its first is never parked.';

--
-- Name: _existing_dead_letter(bigint); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._existing_dead_letter(id bigint) RETURNS tide.dead_letter
    LANGUAGE plpgsql STABLE
    AS $$
declare
  letter tide.dead_letter;
begin
  perform tide._refuse_null('id', id::text, 'Give the id of a dead letter, as the view tide.dead_letters has it.');
  select d.* into letter from tide.dead_letter d where d.id = _existing_dead_letter.id;
  if not found then
    raise exception 'there is no dead letter %', id
      using errcode = 'undefined_object',
        hint = case
          when exists (select from tide.dead_letter d where d.message_id = _existing_dead_letter.id)
            then (select format('Message %s is dead letter %s: the id is meant, not the message''s.', _existing_dead_letter.id, max(d.id))
                    from tide.dead_letter d where d.message_id = _existing_dead_letter.id)
          else 'The view tide.dead_letters lists all of them. Those that are resolved are deleted after dead_letter.retention_days.'
        end;
  end if;
  if letter.resolved_at is not null then
    raise exception 'dead letter % was % at %', id, letter.state, letter.resolved_at
      using errcode = 'object_not_in_prerequisite_state',
        hint = 'Nothing is left to do for it. To send its message once more, publish it again.';
  end if;
  return letter;
end $$;

--
-- Name: FUNCTION _existing_dead_letter(id bigint); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._existing_dead_letter(id bigint) IS 'The dead letter that an argument names; raises 22004 for null, 42704 when there is none, 55000 when it is resolved.';

--
-- Name: _existing_group(text, text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._existing_group(outbox text, name text) RETURNS integer
    LANGUAGE plpgsql STABLE
    AS $$
declare
  of_outbox int := tide._existing_outbox(outbox);
  found_id  int;
  nearest   text;
begin
  perform tide._refuse_null('name', name, 'Name the consumer group, as created with tide.consumer_group_create().');
  select g.id into found_id from tide.consumer_group g
    where g.outbox_id = of_outbox and g.name = _existing_group.name;
  if found then
    return found_id;
  end if;
  nearest := tide._nearest(name, (select array_agg(g.name order by g.name) from tide.consumer_group g
    where g.outbox_id = of_outbox));
  raise exception 'outbox "%" has no consumer group "%"', outbox, name
    using errcode = 'undefined_object',
      hint = coalesce('Did you mean "' || nearest || '"?',
        format('Create it with "SELECT tide.consumer_group_create(%L, %L)".', outbox, name));
end $$;

--
-- Name: FUNCTION _existing_group(outbox text, name text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._existing_group(outbox text, name text) IS 'The id of the consumer group that arguments name; raises 22004 for null, 42704 with the nearest name when there is none.';

--
-- Name: _existing_outbox(text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._existing_outbox(outbox text) RETURNS integer
    LANGUAGE plpgsql STABLE
    AS $$
begin
  perform tide._refuse_null('outbox', outbox, 'Name the outbox, as created with tide.outbox_create().');
  return tide._outbox_id(outbox);
end $$;

--
-- Name: FUNCTION _existing_outbox(outbox text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._existing_outbox(outbox text) IS 'The id of the outbox that an argument names; raises 22004 for null, 42704 when there is none.';

--
-- Name: _existing_pipeline(text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._existing_pipeline(pipeline text) RETURNS integer
    LANGUAGE plpgsql STABLE
    AS $$
declare
  pipeline_id int;
  nearest     text;
begin
  perform tide._refuse_null('pipeline', pipeline, 'Name the pipeline, as created with tide.relay_set_outbox().');
  select p.id into pipeline_id from tide.pipeline p where p.name = pipeline;
  if found then
    return pipeline_id;
  end if;
  nearest := tide._nearest(pipeline, (select array_agg(p.name order by p.name) from tide.pipeline p));
  raise exception 'there is no pipeline "%"', pipeline
    using errcode = 'undefined_object',
      hint = coalesce('Did you mean "' || nearest || '"?', 'Create it with tide.relay_set_outbox().');
end $$;

--
-- Name: FUNCTION _existing_pipeline(pipeline text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._existing_pipeline(pipeline text) IS 'The id of the pipeline that an argument names; raises 22004 for null, 42704 with the nearest name when there is none.';

--
-- Name: _existing_secret(text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._existing_secret(name text) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  nearest text;
begin
  perform tide._refuse_null('name', name, 'Name the secret, as pipelines refer to it.');
  perform from tide.secret s where s.name = _existing_secret.name for update;
  if found then
    return;
  end if;
  nearest := tide._nearest(name, (select array_agg(s.name order by s.name) from tide.secret s));
  raise exception 'there is no secret "%"', name
    using errcode = 'undefined_object',
      hint = coalesce('Did you mean "' || nearest || '"?', 'The view tide.secrets lists those there are.');
end $$;

--
-- Name: FUNCTION _existing_secret(name text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._existing_secret(name text) IS 'Locks a secret; raises 22004 for null, 42704 with the nearest name when there is none.';

--
-- Name: option; Type: TABLE; Schema: tide; Owner: -
--

CREATE TABLE tide.option (
    name text NOT NULL,
    type text NOT NULL,
    format text,
    default_value jsonb,
    minimum numeric,
    maximum numeric,
    choices text[],
    required boolean DEFAULT false NOT NULL,
    secret boolean DEFAULT false NOT NULL,
    reference boolean DEFAULT false NOT NULL,
    description text NOT NULL
);

--
-- Name: TABLE option; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON TABLE tide.option IS 'Every option of a pipeline; generated from the relay''s own declaration.';

--
-- Name: _expected(tide.option); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._expected(declared tide.option) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
  select 'be ' || case
    when declared.choices is not null then
      case when cardinality(declared.choices) > 1 then 'one of ' else '' end
        || array_to_string(declared.choices, ', ')
    when declared.type = 'integer' then 'a whole number'
    when declared.type = 'boolean' then 'true or false'
    when declared.type = 'object' then 'an object'
    when declared.type = 'array' then 'an array'
    when declared.type = 'list' then 'an array of strings, or a string with commas'
    when declared.type = 'schema' then 'a string or an object'
    else 'a string'
    end
$$;

--
-- Name: FUNCTION _expected(declared tide.option); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._expected(declared tide.option) IS 'What a value of an option must be, in words.';

--
-- Name: _first_of_chain(integer, text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._first_of_chain(pipeline_id integer, key text) RETURNS TABLE(id bigint, state text)
    LANGUAGE sql STABLE
    AS $_$
  select d.id, d.state
  from (select hashtextextended($2, 0) as key_hash) as h
    cross join tide.dead_letter d
  where d.pipeline_id = $1 and d.key_hash between h.key_hash and h.key_hash and d.key = $2
    and d.parks_key and d.state in ('waiting', 'parked', 'retrying')
  order by d.key_hash, d.id
  limit 1
$_$;

--
-- Name: FUNCTION _first_of_chain(pipeline_id integer, key text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._first_of_chain(pipeline_id integer, key text) IS 'The first unresolved dead letter of a pipeline and a key that is parked.';

--
-- Name: _foreign_error(text, text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._foreign_error(outbox text, what text) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  raise exception 'outbox "%" was restored into another cluster: %', outbox, what
    using errcode = 'TD002',
      detail = 'Transaction ids start afresh in another cluster, so a position taken in the old one says nothing here.',
      hint = format('Run "SELECT tide.outbox_rebase(%L)" once, to give messages and positions ids of this cluster.', outbox);
end $$;

--
-- Name: FUNCTION _foreign_error(outbox text, what text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._foreign_error(outbox text, what text) IS 'Raises TD002: transaction ids of another cluster.';

--
-- Name: _foreign_xid(integer, bigint); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._foreign_xid(outbox_id integer, message_id bigint) RETURNS bigint
    LANGUAGE plpgsql STABLE
    AS $$
begin
  perform tide._foreign_error(o.name, format('the transaction of message %s has yet to begin here', message_id))
    from tide.outbox o where o.id = outbox_id;
  return null;
end $$;

--
-- Name: FUNCTION _foreign_xid(outbox_id integer, message_id bigint); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._foreign_xid(outbox_id integer, message_id bigint) IS 'Raises TD002 for a message that is visible although its transaction id has not been given out.';

--
-- Name: _format_problems(text, text, jsonb); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._format_problems(format text, path text, value jsonb) RETURNS SETOF text
    LANGUAGE plpgsql STABLE
    AS $$
declare
  plain text := value #>> '{}';
begin
  case format
    when 'columns' then
      return query select tide._columns_problems(path, value);
    when 'placements' then
      return query select tide._placements_problems(path, value);
    when 'header_map' then
      return query select tide._header_map_problems(path, value);
    when 'attribute_map' then
      return query select tide._attribute_map_problems(path, value);
    when 'names' then
      return query select tide._names_problems(path, value);
    when 'schema' then
      return query select tide._schema_problems(path, value);
    when 'routing_rules' then
      return query select tide._routing_rules_problems(path, value);
    when 'host_port_list' then
      return query select path || ': ' || p from tide._host_port_list_problems(plain) p;
    when 'topic_template' then
      return query select path || ': ' || p from tide._topic_template_problems(plain) p;
    when 'topic_prefix' then
      return query select path || ': ' || p from tide._topic_prefix_problems(plain) p;
    when 'key_template' then
      return query select path || ': ' || p from tide._key_template_problems(plain) p;
    when 'start_from' then
      return query select path || ': ' || p from tide._start_from_problems(plain) p;
    when 'identifier', 'jmespath', 'media_type', 'partition', 'path', 'record_name', 'regex', 'time_form', 'time_zone',
      'url', 'url_list' then
      return query select path || ': ' || p from tide._text_problems(format, plain) p;
  end case;
end $$;

--
-- Name: FUNCTION _format_problems(format text, path text, value jsonb); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._format_problems(format text, path text, value jsonb) IS 'A sentence for everything wrong with the form of a value; raises 20000 for a format it does not know.';

--
-- Name: _free_orphans(integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._free_orphans(pipeline_id integer) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  somewhere bigint;
begin
  select f.id + (random() * (l.id - f.id))::bigint into somewhere
    from (
      select d.id from tide.dead_letter d
        where d.pipeline_id between _free_orphans.pipeline_id and _free_orphans.pipeline_id and d.state = 'parked'
        order by d.pipeline_id, d.id limit 1
    ) as f, (
      select d.id from tide.dead_letter d
        where d.pipeline_id between _free_orphans.pipeline_id and _free_orphans.pipeline_id and d.state = 'parked'
        order by d.pipeline_id desc, d.id desc limit 1
    ) as l;
  if somewhere is null then
    return;
  end if;
  update tide.dead_letter d
    set state = 'retrying'
    where d.state like 'parked' and d.id = any (array(
      select f.id
        from (
          (select p.key from tide.dead_letter p
             where p.pipeline_id between _free_orphans.pipeline_id and _free_orphans.pipeline_id and p.state = 'parked'
             order by p.pipeline_id, p.id limit 100)
          union
          (select p.key from tide.dead_letter p
             where (p.pipeline_id, p.id) >= (_free_orphans.pipeline_id, somewhere) and p.pipeline_id <= _free_orphans.pipeline_id
               and p.state = 'parked'
             order by p.pipeline_id, p.id limit 100)
        ) as k
          cross join lateral (select * from tide._first_of_chain(_free_orphans.pipeline_id, k.key)) as f
        where f.state = 'parked'));
end $$;

--
-- Name: FUNCTION _free_orphans(pipeline_id integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._free_orphans(pipeline_id integer) IS 'Whoever deleted the first of a chain by hand left the others without anybody to wait for: marks the next to be tried again. Looks at some chains, others each time.';

--
-- Name: _full_xid(xid, bigint); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._full_xid(own xid, horizon bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE
    AS $$
  select horizon - ((horizon - own::text::bigint) & 4294967295)
$$;

--
-- Name: FUNCTION _full_xid(own xid, horizon bigint); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._full_xid(own xid, horizon bigint) IS 'The greatest transaction id up to a horizon whose lower 32 bits are these, which is all that a row''s xmin has.';

--
-- Name: _give_way(integer, timestamp with time zone); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._give_way(pipeline_id integer, since timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  if clock_timestamp() > since + interval '10 seconds' then
    raise exception 'dead letters of pipeline "%" are being changed by somebody else',
      (select l.name from tide.pipeline l where l.id = pipeline_id)
      using errcode = 'lock_not_available',
        hint = 'Perhaps another session retried or discarded some and has not committed: COMMIT or ROLLBACK there, and try again.';
  end if;
  perform pg_sleep(random() * 0.05);
end $$;

--
-- Name: FUNCTION _give_way(pipeline_id integer, since timestamp with time zone); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._give_way(pipeline_id integer, since timestamp with time zone) IS 'Before dead letters are locked anew, for somebody else has some: lets him go on; raises 55P03 ten seconds after the first try.';

--
-- Name: _group_note(integer, integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._group_note(outbox_id integer, group_id integer) RETURNS text
    LANGUAGE sql STABLE
    AS $_$
  select case
    when tide._outbox_is_foreign($1) then format('restored into another cluster: run "SELECT tide.outbox_rebase(%L)"', o.name)
    when $2 is null then 'no consumer group: messages expire by age'
    when p.seek_request is not null then format('asked to seek to %s', p.seek_request ->> 'target')
    when l.id is null then 'no pipeline reads this consumer group'
    when not l.enabled then format('pipeline "%s" is disabled', l.name)
  end
  from tide.outbox o
    left join tide.position p on p.group_id = $2
    left join tide.pipeline l on l.group_id = $2
  where o.id = $1
$_$;

--
-- Name: FUNCTION _group_note(outbox_id integer, group_id integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._group_note(outbox_id integer, group_id integer) IS 'What an operator should know of a consumer group, or of an outbox without one; null when all is as it should be.';

--
-- Name: _group_to_read(integer, text, text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._group_to_read(outbox_id integer, name text, start_from text) RETURNS integer
    LANGUAGE plpgsql
    AS $$
declare
  there int;
begin
  select g.id into there from tide.consumer_group g
    where g.outbox_id = _group_to_read.outbox_id and g.name = _group_to_read.name;
  return coalesce(there, tide._add_group(outbox_id, name, coalesce(start_from, 'earliest')));
end $$;

--
-- Name: FUNCTION _group_to_read(outbox_id integer, name text, start_from text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._group_to_read(outbox_id integer, name text, start_from text) IS 'The id of a consumer group, made if missing, to start from a target.';

--
-- Name: _has_foreign_messages(integer, bigint); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._has_foreign_messages(outbox_id integer, horizon bigint) RETURNS boolean
    LANGUAGE sql STABLE
    AS $_$
  select exists (
    select from tide.message m
    where m.outbox_id = $1 and m.xid::text::bigint > tide._full_xid(m.xmin, horizon))
$_$;

--
-- Name: FUNCTION _has_foreign_messages(outbox_id integer, horizon bigint); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._has_foreign_messages(outbox_id integer, horizon bigint) IS 'Whether an outbox has messages under a transaction id greater than that of the transaction that wrote them here: they were copied.';

--
-- Name: _has_retries(integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._has_retries(pipeline_id integer) RETURNS boolean
    LANGUAGE sql STABLE
    AS $_$
  select (
    select d.id from tide.dead_letter d
    where d.pipeline_id between $1 and $1 and d.state = 'retrying'
      and (
        not d.parks_key or (
          select w.id from tide.dead_letter w
          where w.pipeline_id = d.pipeline_id and w.key_hash >= d.key_hash and (w.key_hash, w.id) < (d.key_hash, d.id)
            and w.key = d.key and w.parks_key and w.state = 'waiting'
          order by w.key_hash, w.id
          limit 1) is null)
    order by d.pipeline_id, d.id
    limit 1) is not null
$_$;

--
-- Name: FUNCTION _has_retries(pipeline_id integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._has_retries(pipeline_id integer) IS 'Whether dead letters of a pipeline are to be tried again now.';

--
-- Name: _have_work(integer[], uuid[], integer[], pg_snapshot[]); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._have_work(group_ids integer[], epochs uuid[], outbox_ids integer[], dones pg_snapshot[]) RETURNS TABLE(group_id integer, snapshot text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET max_parallel_workers_per_gather TO '0'
    SET jit TO 'off'
    SET enable_seqscan TO 'off'
    SET lock_timeout TO '10ms'
    AS $_$
declare
  here  pg_snapshot;
  found boolean;
begin
  perform tide._require_read_committed();
  here := pg_current_snapshot();  -- what comes to be seen after this, a next look sees
  return query select null::int, here::text;
  return query
    select asleep.id, null::text from unnest(group_ids, epochs) as asleep (id, epoch)
    where not tide._lease_held(asleep.id, asleep.epoch);
  for i in 1 .. cardinality(group_ids) loop
    continue when dones[i]::text = here::text;
    begin
      execute format(
        'select exists (select from tide.message_%1$s where xid >= $1) or exists (select from tide.message_%1$s where xid = any ($2))',
        outbox_ids[i])
        into found
        using pg_snapshot_xmax(dones[i]), array(select pg_snapshot_xip(dones[i]));
    exception
      when lock_not_available or undefined_table then
        found := true;
    end;
    if found then
      group_id := group_ids[i];
      snapshot := null;
      return next;
    end if;
  end loop;
end $_$;

--
-- Name: FUNCTION _have_work(group_ids integer[], epochs uuid[], outbox_ids integer[], dones pg_snapshot[]); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._have_work(group_ids integer[], epochs uuid[], outbox_ids integer[], dones pg_snapshot[]) IS 'First a row with a snapshot alone, then each consumer group that has to look for itself: it may have messages that its done does not show, or has lost its lease, or its outbox is locked or gone. The others have nothing to read that the snapshot shows.';

--
-- Name: _header_map_problems(text, jsonb); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._header_map_problems(path text, headers jsonb) RETURNS SETOF text
    LANGUAGE sql IMMUTABLE
    AS $_$
  select path || ': a header needs a name' from jsonb_each(headers) as h where h.key = ''
  union all
  select tide._shown_name(path || '.' || h.key) || ': ' || p.problem
  from jsonb_each(headers) as h,
    lateral (
      select 'must be a string, not ' || tide._shown(h.value) where tide._option_value('text', h.value) is null
      union all
      select 'references like ${env:NAME} are for connection options only' where tide._is_misplaced(h.value)
      union all
      select tide._template_problems(tide._option_value('text', h.value) #>> '{}')
        where not tide._is_misplaced(h.value)
    ) as p (problem)
$_$;

--
-- Name: FUNCTION _header_map_problems(path text, headers jsonb); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._header_map_problems(path text, headers jsonb) IS 'What is wrong with an object of header names and templates.';

--
-- Name: _hold_position(integer, uuid); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._hold_position(group_id integer, epoch uuid) RETURNS integer
    LANGUAGE plpgsql
    AS $$
declare
  pipeline_id int;
begin
  perform tide._require_read_committed();
  perform from tide.position p
    where p.group_id = _hold_position.group_id and p.epoch = _hold_position.epoch
    for no key update;
  if not found or not tide._lease_held(group_id, epoch) then
    perform tide._lease_lost(group_id);
  end if;
  -- Locked against its deletion; a pipeline that is gone has nothing to put aside any more.
  select l.id into pipeline_id from tide.pipeline l where l.group_id = _hold_position.group_id for key share;
  if not found then
    perform tide._lease_lost(group_id);
  end if;
  return pipeline_id;
end $$;

--
-- Name: FUNCTION _hold_position(group_id integer, epoch uuid); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._hold_position(group_id integer, epoch uuid) IS 'Locks a group''s position against everybody else who would write it, and returns the pipeline that reads the group. Raises TD001 when the group is not held under this epoch.';

--
-- Name: _host_port_list_problems(text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._host_port_list_problems(list text) RETURNS SETOF text
    LANGUAGE sql IMMUTABLE
    AS $$
  select p.problem
  from regexp_split_to_table(list, ',') as entry,
    lateral tide._host_port_problem(btrim(entry, E' \t\n\r')) as p (problem)
  where p.problem is not null
$$;

--
-- Name: FUNCTION _host_port_list_problems(list text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._host_port_list_problems(list text) IS 'What is wrong with a list of host:port, separated by commas.';

--
-- Name: _host_port_problem(text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._host_port_problem(entry text) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $_$
  select case
    when entry = '' then 'an entry is empty; write host:port, separated by commas'
    when strpos(entry, '://') > 0 then shown || ' is not host:port; leave out the protocol'
    when entry ~ '[; \t\n\r]' then shown || ' is not host:port; separate brokers with commas'
    when left(entry, 1) <> '[' and length(entry) - length(replace(entry, ':', '')) > 1 then
      shown || ' is an IPv6 address without brackets; write it like "[::1]:9092"'
    when strpos(entry, ':') = 0 or right(entry, 1) = ']' then
      shown || ' has no port; write ' || tide._shown(to_jsonb(entry || ':9092'))
    when host !~ '^([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?\])$' then
      shown || ' has a host that is neither a name nor an address'
    when not case when port ~ '^[0-9]{1,5}$' then port::int between 1 and 65535 else false end then
      shown || ' has a port that is not between 1 and 65535'
    end
  from (select tide._shown(to_jsonb(entry)) as shown,
    substring(entry from '^(.*):[^:]*$') as host,
    substring(entry from '^.*:([^:]*)$') as port) as parts
$_$;

--
-- Name: FUNCTION _host_port_problem(entry text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._host_port_problem(entry text) IS 'What is wrong with one host:port, or null; an IPv6 address stands in brackets.';

--
-- Name: _in_progress_too(pg_snapshot, bigint[]); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._in_progress_too(base pg_snapshot, xids bigint[]) RETURNS pg_snapshot
    LANGUAGE sql IMMUTABLE
    AS $$
  select (least(pg_snapshot_xmin(base)::text::bigint, min(u.xid))::text || ':' || pg_snapshot_xmax(base)::text
          || ':' || coalesce(string_agg(u.xid::text, ',' order by u.xid), ''))::pg_snapshot
    from (
      select x::text::bigint from pg_snapshot_xip(base) as x
      union
      select x from unnest(xids) as x
    ) as u (xid)
$$;

--
-- Name: FUNCTION _in_progress_too(base pg_snapshot, xids bigint[]); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._in_progress_too(base pg_snapshot, xids bigint[]) IS 'A snapshot with further transaction ids, below its xmax, among those in progress.';

--
-- Name: _intend(integer, uuid, jsonb); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._intend(group_id integer, epoch uuid, intent jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '1s'
    AS $$
declare
  given  tide.intent := jsonb_populate_record(null::tide.intent, intent);
  before record;
begin
  perform set_config('synchronous_commit', 'on', true);
  perform tide._hold_position(group_id, epoch);
  select coalesce(l.number, p.number) as number, coalesce(l.kept, 0) as kept,
         case when l.number is null then p.done else l.end_done end as done,
         case when l.number is null then p.page else l.end_page end as page,
         case when l.number is null then p.last_id else l.end_last_id end as last_id
    into before
    from tide.position p
      left join lateral (
        select i.*, count(*) over () as kept from tide._kept_intents(p.group_id, p.number) as i
          order by i.number desc
          limit 1) as l on true
    where p.group_id = _intend.group_id;
  if before.kept >= 2 then
    perform tide._out_of_turn(group_id, given.number, 'two are kept already');
  elsif given.number > before.number is not true then
    perform tide._out_of_turn(group_id, given.number, format('its number must be above %s', before.number));
  elsif (given.start_done::text, given.start_page::text, given.start_last_id)
      is distinct from (before.done::text, before.page::text, before.last_id) then
    perform tide._out_of_turn(group_id, given.number, format('it must begin at (%s, %s, %s), not at (%s, %s, %s)',
      before.done, before.page, before.last_id, given.start_done, given.start_page, given.start_last_id));
  end if;
  given.group_id := group_id;
  given.epoch := epoch;
  given.written_at := clock_timestamp();
  insert into tide.intent select given.*;
end $$;

--
-- Name: FUNCTION _intend(group_id integer, epoch uuid, intent jsonb); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._intend(group_id integer, epoch uuid, intent jsonb) IS 'Writes, durably, what a Kafka transaction that is about to begin will have changed here, named like the columns of tide.intent; nothing else changes before tide._confirm. Raises TD001 without the lease, TD005 unless it begins where the one before it ends.';

--
-- Name: _intents(integer, uuid); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._intents(group_id integer, epoch uuid) RETURNS TABLE(number bigint, token uuid, transactional_id text, brokers text[], age double precision, answer boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
begin
  perform tide._require_read_committed();
  if not tide._lease_held(_intents.group_id, _intents.epoch) then
    perform tide._lease_lost(_intents.group_id);
  end if;
  return query
    select i.number, i.token, i.transactional_id, i.brokers, date_part('epoch', clock_timestamp() - i.written_at), i.answer
      from tide.position p, tide._kept_intents(p.group_id, p.number) as i
      where p.group_id = _intents.group_id;
end $$;

--
-- Name: FUNCTION _intents(group_id integer, epoch uuid); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._intents(group_id integer, epoch uuid) IS 'The Kafka transactions of a group whose outcome is not written yet, in order, and their age in seconds. Raises TD001 without a valid lease.';

--
-- Name: _is_in_clear(jsonb); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._is_in_clear(value jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $_$ select coalesce(value #>> '{}' !~ '^(\$\{(env|file|secret):[^}]*\})+$', false) $_$;

--
-- Name: FUNCTION _is_in_clear(value jsonb); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._is_in_clear(value jsonb) IS 'Whether a value, which is a secret, stands there itself or in part, not by references alone.';

--
-- Name: _is_large(integer, pg_snapshot); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._is_large(outbox_id integer, done pg_snapshot) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET enable_bitmapscan TO 'off'
    AS $$
begin
  perform from (
      (select from tide.message m
        where m.outbox_id = _is_large.outbox_id and m.xid = any (array(select pg_snapshot_xip(done)))
        order by m.xid limit 20001)
      union all
      (select from tide.message m
        where m.outbox_id = _is_large.outbox_id and m.xid >= pg_snapshot_xmax(done)
        order by m.xid limit 20001)
    ) as w
    offset 20000 limit 1;
  return found;
end $$;

--
-- Name: FUNCTION _is_large(outbox_id integer, done pg_snapshot); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._is_large(outbox_id integer, done pg_snapshot) IS 'Whether an outbox has more messages that a snapshot does not show than are sorted sooner than searched for. Looks at no more than that, by the index on xid.';

--
-- Name: _is_misplaced(jsonb); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._is_misplaced(value jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $_$ select jsonb_typeof(value) = 'string' and value #>> '{}' ~ '\$\{(env|file|secret):' $_$;

--
-- Name: FUNCTION _is_misplaced(value jsonb); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._is_misplaced(value jsonb) IS 'Whether a value has a reference, of an option in which none is resolved.';

--
-- Name: _is_only_outbox(); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._is_only_outbox() RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET enable_seqscan TO 'off'
    AS $$
begin
  perform from pg_catalog.pg_inherits i where i.inhparent = 'tide.message'::regclass offset 1 limit 1;
  return not found;
end $$;

--
-- Name: FUNCTION _is_only_outbox(); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._is_only_outbox() IS 'Whether there are partitions of one outbox at most.';

--
-- Name: _is_reference(jsonb); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._is_reference(value jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $_$ select coalesce(jsonb_typeof(value) = 'string' and strpos(value #>> '{}', '${') > 0, false) $_$;

--
-- Name: FUNCTION _is_reference(value jsonb); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._is_reference(value jsonb) IS 'Whether a value is, or holds, what must be a reference.';

--
-- Name: _is_section(text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._is_section(name text) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
  select exists (
    select from tide.option o
    where strpos(o.name, '.') > 0 and split_part(o.name, '.', 1) = _is_section.name)
$$;

--
-- Name: FUNCTION _is_section(name text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._is_section(name text) IS 'Whether options have names that begin with this one and a dot.';

--
-- Name: _is_silent(text, timestamp with time zone); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._is_silent(state text, state_change timestamp with time zone) RETURNS boolean
    LANGUAGE sql
    AS $$ select coalesce(state <> 'active' and state_change < clock_timestamp() - interval '10 seconds', false) $$;

--
-- Name: FUNCTION _is_silent(state text, state_change timestamp with time zone); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._is_silent(state text, state_change timestamp with time zone) IS 'Whether a lock connection in this state has no relay behind it any more, or a frozen one: a living one asks every half second. Unknown counts as no.';

--
-- Name: _is_sparse(integer, pg_snapshot, bigint, integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._is_sparse(outbox_id integer, done pg_snapshot, last_id bigint, max_messages integer) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET enable_bitmapscan TO 'off'
    AS $$
begin
  perform from (
      select m.xid from tide.message m
        where m.outbox_id = _is_sparse.outbox_id and m.id > last_id + 2 * max_messages
        order by m.id limit 100
    ) as w
    where not pg_visible_in_snapshot(w.xid, done)
    limit 1;
  return not found and not tide._is_large(outbox_id, done);
end $$;

--
-- Name: FUNCTION _is_sparse(outbox_id integer, done pg_snapshot, last_id bigint, max_messages integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._is_sparse(outbox_id integer, done pg_snapshot, last_id bigint, max_messages integer) IS 'Whether the next page of a window is sooner found by sorting what done does not show than by walking the messages by id: they are few, and delivered ones lie between, as when a transaction was open for long.';

--
-- Name: _is_walked(integer, pg_snapshot, bigint, integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._is_walked(outbox_id integer, done pg_snapshot, floor_id bigint, max_messages integer) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET enable_bitmapscan TO 'off'
    AS $$
begin
  if not tide._is_large(outbox_id, done) then
    return false;
  end if;
  -- What is delivered between the floor and the window may take longer to walk over than to sort.
  perform from (
      select m.xid from tide.message m
        where m.outbox_id = _is_walked.outbox_id and m.id > floor_id
        order by m.id limit 100000
    ) as w
    where not pg_visible_in_snapshot(w.xid, done)
    offset max_messages limit 1;
  return found;
end $$;

--
-- Name: FUNCTION _is_walked(outbox_id integer, done pg_snapshot, floor_id bigint, max_messages integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._is_walked(outbox_id integer, done pg_snapshot, floor_id bigint, max_messages integer) IS 'Whether the first page of the window that begins where done ends is sooner found by walking the messages by id, from the floor on, than by sorting the window: it is large, and begins near.';

--
-- Name: _kept_intents(integer, bigint); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._kept_intents(group_id integer, above bigint) RETURNS SETOF tide.intent
    LANGUAGE sql STABLE
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    AS $_$
  select i.* from tide.intent i
  where i.group_id = $1 and i.number > $2
  order by i.group_id, i.number
$_$;

--
-- Name: FUNCTION _kept_intents(group_id integer, above bigint); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._kept_intents(group_id integer, above bigint) IS 'The intents of a group above a number, in order.';

--
-- Name: _key_template_problems(text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._key_template_problems(template text) RETURNS SETOF text
    LANGUAGE sql IMMUTABLE
    AS $$
  select 'must not be empty' where template = ''
  union all
  select tide._template_problems(template)
$$;

--
-- Name: FUNCTION _key_template_problems(template text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._key_template_problems(template text) IS 'What is wrong with a template of message keys.';

--
-- Name: _lag(text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._lag(relay_group text) RETURNS TABLE(pipeline text, messages bigint, seconds double precision)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select l.name, u.pending,
         coalesce(greatest(date_part('epoch', clock_timestamp() - u.oldest), 0), 0)
    from tide.pipeline l cross join lateral tide._pending(l.group_id, 10000) as u
    where l.relay_group = _lag.relay_group and u.pending is not null
$$;

--
-- Name: FUNCTION _lag(relay_group text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._lag(relay_group text) IS 'What each pipeline of a relay group has yet to deliver: how many messages (above 10,000 an estimate), and the age of the oldest in seconds.';

--
-- Name: _last_id_drawn(); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._last_id_drawn() RETURNS bigint
    LANGUAGE sql
    AS $$ select coalesce(pg_catalog.pg_sequence_last_value('tide.message_id_seq'), 0) $$;

--
-- Name: FUNCTION _last_id_drawn(); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._last_id_drawn() IS 'The last id given to a message, of whichever outbox; 0: none was.';

--
-- Name: _latest_snapshot(); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._latest_snapshot() RETURNS pg_snapshot
    LANGUAGE plpgsql
    AS $$
declare
  now_snapshot pg_snapshot := pg_current_snapshot();
  own xid8 := pg_current_xact_id_if_assigned();
  in_progress text;
begin
  -- An own xid at or above xmax is in progress to this snapshot already; below, it is left out
  -- of it, and what the caller has yet to publish would look delivered.
  if own is null or own >= pg_snapshot_xmax(now_snapshot) then
    return now_snapshot;
  end if;
  select string_agg(x::text, ',' order by x) into in_progress
    from (select pg_snapshot_xip(now_snapshot) union select own) as running (x);
  return (pg_snapshot_xmin(now_snapshot)::text || ':' || pg_snapshot_xmax(now_snapshot)::text
          || ':' || in_progress)::pg_snapshot;
end $$;

--
-- Name: FUNCTION _latest_snapshot(); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._latest_snapshot() IS 'The current snapshot with the caller''s own transaction among those in progress: what it still publishes is not in it.';

--
-- Name: _lead_chains(bigint[]); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._lead_chains(resolved bigint[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  firsts bigint[];
  led    bigint;
begin
  loop
    select array_agg(distinct f.id) into firsts
      from tide._chains(resolved) as c
        cross join lateral (select * from tide._first_of_chain(c.pipeline_id, c.key)) as f
      where f.state = 'parked';
    exit when firsts is null;
    update tide.dead_letter d set state = 'retrying' where d.id = any (firsts) and d.state like 'parked';
    get diagnostics led = row_count;
    exit when led = cardinality(firsts);
  end loop;
end $$;

--
-- Name: FUNCTION _lead_chains(resolved bigint[]); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._lead_chains(resolved bigint[]) IS 'Where dead letters were resolved: marks what was parked and now leads its chain to be tried again.';

--
-- Name: _lease_floor(integer, uuid, tid); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._lease_floor(group_id integer, epoch uuid, row_ctid tid) RETURNS bigint
    LANGUAGE plpgsql STABLE
    SET enable_seqscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
begin
  if not exists (
      select from tide.lease l
      where l.group_id = _lease_floor.group_id and l.epoch = _lease_floor.epoch and l.writer_xmin = l.xmin) then
    return null;
  end if;
  return coalesce(
    (select p.floor_id from tide.position p
      where p.ctid = row_ctid and p.group_id = _lease_floor.group_id and p.epoch = _lease_floor.epoch),
    (select p.floor_id from tide.position p
      where p.group_id = _lease_floor.group_id and p.epoch = _lease_floor.epoch));
end $$;

--
-- Name: FUNCTION _lease_floor(group_id integer, epoch uuid, row_ctid tid); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._lease_floor(group_id integer, epoch uuid, row_ctid tid) IS 'The floor of a group that is held under an epoch, in the logged row and in the unlogged one that a crash or a promotion empties, else null; a lease carried along by a dump does not count.';

--
-- Name: _lease_held(integer, uuid); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._lease_held(group_id integer, epoch uuid) RETURNS boolean
    LANGUAGE sql STABLE
    AS $_$ select tide._lease_floor($1, $2, null) is not null $_$;

--
-- Name: FUNCTION _lease_held(group_id integer, epoch uuid); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._lease_held(group_id integer, epoch uuid) IS 'Whether a group is held under an epoch.';

--
-- Name: _lease_lost(integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._lease_lost(group_id integer) RETURNS text
    LANGUAGE plpgsql
    AS $$
begin
  raise exception 'consumer group % is not held under this epoch any more', group_id
    using errcode = 'TD001',
      hint = 'Another relay took it over, or PostgreSQL crashed or was promoted: take it over anew and read its position.';
end $$;

--
-- Name: FUNCTION _lease_lost(group_id integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._lease_lost(group_id integer) IS 'Raises TD001: whoever called has lost the group, and all it holds in memory is void.';

--
-- Name: _leave(integer, uuid); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._leave(group_id integer, relay_id uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  delete from tide.lease l
  where l.group_id = _leave.group_id and l.relay_id = _leave.relay_id and tide._lock_held(_leave.group_id)
$$;

--
-- Name: FUNCTION _leave(group_id integer, relay_id uuid); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._leave(group_id integer, relay_id uuid) IS 'Ends the lease of a relay that gives a group back. A lease that is found without its relay tells of a crash.';

--
-- Name: _letters(jsonb); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._letters(letters jsonb) RETURNS TABLE(message_id bigint, state text, parks_key boolean, stage text, reason text, error text, attempts integer, first_at timestamp with time zone, place bigint)
    LANGUAGE sql STABLE
    AS $$
  select l.message_id, l.state, l.parks_key, l.stage, l.reason, l.error, l.attempts, l.first_at, l.place
  from rows from (
      jsonb_to_recordset(letters) as (
        message_id bigint, state text, parks_key boolean, stage text, reason text, error text, attempts int,
        first_at timestamptz)
    ) with ordinality as l (message_id, state, parks_key, stage, reason, error, attempts, first_at, place)
$$;

--
-- Name: FUNCTION _letters(letters jsonb); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._letters(letters jsonb) IS 'What the relay says of messages that it puts aside, as rows in its order.';

--
-- Name: _live_relays(); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._live_relays() RETURNS TABLE(id uuid, name text, version text, backend_pid integer, started_at timestamp with time zone, last_heartbeat timestamp with time zone)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select r.id, r.name, r.version, r.backend_pid, r.started_at, a.state_change
    from tide.relay_process r
      join pg_stat_activity a on a.pid = r.backend_pid and a.datname = current_database()
    where coalesce(a.backend_start <= r.started_at, true)
$$;

--
-- Name: FUNCTION _live_relays(); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._live_relays() IS 'The relays whose lock connection is there.';

--
-- Name: _lock_class(); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._lock_class() RETURNS integer
    LANGUAGE sql IMMUTABLE
    AS $$ select 1953063013 $$;

--
-- Name: FUNCTION _lock_class(); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._lock_class() IS 'The first key of the advisory locks of consumer groups; the second is the group''s id.';

--
-- Name: _lock_held(integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._lock_held(group_id integer) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
  select exists (
    select from pg_catalog.pg_locks l
    where l.locktype = 'advisory' and l.pid = pg_backend_pid() and l.granted
      and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = current_database())
      and l.classid = tide._lock_class()::oid and l.objid = group_id::oid and l.objsubid = 2)
$$;

--
-- Name: FUNCTION _lock_held(group_id integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._lock_held(group_id integer) IS 'Whether this very connection holds the advisory lock of a consumer group.';

--
-- Name: _lock_ring(integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._lock_ring(outbox_id integer) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  give_up timestamptz := clock_timestamp() + interval '2 seconds';
begin
  loop
    begin
      execute format('lock table tide.message_%s in access exclusive mode nowait', outbox_id);
      return;
    exception
      when lock_not_available then
        null;
    end;
    if clock_timestamp() > give_up then
      raise exception 'outbox "%" is being written or read', (select o.name from tide.outbox o where o.id = outbox_id)
        using errcode = 'lock_not_available',
          detail = format('In use by %s.', tide._sessions_using(format('tide.message_%s', outbox_id)::regclass)),
          hint = 'Stop publishing to it with tide.outbox_disable(), end transactions that did, and try again.';
    end if;
    perform pg_sleep(0.001 + random() * 0.02);
  end loop;
end $$;

--
-- Name: FUNCTION _lock_ring(outbox_id integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._lock_ring(outbox_id integer) IS 'Locks the tables of an outbox against everybody, or raises 55P03 after two seconds of trying.';

--
-- Name: _look(text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._look(relay_group text) RETURNS TABLE(relay_id uuid, may integer[], runs integer[], takes boolean, settled boolean, silent boolean)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  with held as materialized (
    select l.pid, l.objid::int as group_id from pg_catalog.pg_locks l
    where l.locktype = 'advisory' and l.granted and l.objsubid = 2 and l.classid = tide._lock_class()::oid
  )
  select r.id,
         array(select p.group_id from tide.pipeline p
               where p.enabled and (r.relay_group is null or p.relay_group = r.relay_group)
                 and (r.pipelines = '{}' or p.name = any (r.pipelines))),
         array(select h.group_id from held h where h.pid = r.backend_pid),
         r.takes,
         r.started_at < clock_timestamp() - interval '2 seconds',
         tide._is_silent(a.state, a.state_change)
    from tide.relay_process r
      cross join lateral pg_catalog.pg_stat_get_activity(r.backend_pid) as a
    where coalesce(r.relay_group = $1, true)
      and a.datid = (select d.oid from pg_catalog.pg_database d where d.datname = current_database())
      and coalesce(a.backend_start <= r.started_at, true)
$_$;

--
-- Name: FUNCTION _look(relay_group text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._look(relay_group text) IS 'The live relays of a relay group: the consumer groups that each may run, those whose locks it holds, and whether it takes any now, has been there for a while, and has said nothing for too long.';

--
-- Name: _lower_flags(integer[]); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._lower_flags(outbox_ids integer[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select setval(o.wake_sequence, 0, true), pg_notify('tide_wake', o.id::text) from tide.outbox o
    where o.id = any (outbox_ids) and pg_sequence_last_value(o.wake_sequence) <> 0;
$$;

--
-- Name: FUNCTION _lower_flags(outbox_ids integer[]); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._lower_flags(outbox_ids integer[]) IS 'Publishers need not notify any more: the relay is awake.';

--
-- Name: _masked(jsonb, text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._masked(config jsonb, path text DEFAULT NULL::text) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
  select case
    when config = 'null' then config
    when exists (select from tide.option o where o.name = path and o.secret) then
      case when tide._is_in_clear(config) then '"********"' else config end
    when jsonb_typeof(config) = 'object' then (
      select coalesce(jsonb_object_agg(e.key, tide._masked(e.value, concat_ws('.', path, e.key))), '{}')
        from jsonb_each(config) as e)
    when jsonb_typeof(config) = 'array' then (
      select coalesce(jsonb_agg(tide._masked(e.value, path || '[]') order by e.place), '[]')
        from jsonb_array_elements(config) with ordinality as e (value, place))
    else config
  end
$$;

--
-- Name: FUNCTION _masked(config jsonb, path text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._masked(config jsonb, path text) IS 'A configuration with ******** in place of its secrets in clear, whether their names are dotted or nested.';

--
-- Name: _message_size(text, text, jsonb, jsonb, bytea, jsonb); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._message_size(key text, dedup_key text, headers jsonb, payload jsonb, payload_bytes bytea, before jsonb) RETURNS bigint
    LANGUAGE sql STABLE
    AS $_$
  -- pg_column_size does not read what is stored out of line, and nothing is stored compressed.
  select 200::bigint + coalesce(octet_length($1), 0) + coalesce(octet_length($2), 0) + coalesce(pg_column_size($3), 0)
    + coalesce(pg_column_size($4), 0) + coalesce(pg_column_size($5), 0) + coalesce(pg_column_size($6), 0)
$_$;

--
-- Name: FUNCTION _message_size(key text, dedup_key text, headers jsonb, payload jsonb, payload_bytes bytea, before jsonb); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._message_size(key text, dedup_key text, headers jsonb, payload jsonb, payload_bytes bytea, before jsonb) IS 'About how many bytes of memory a message takes in the relay; cheap, for it does not read the message.';

--
-- Name: _message_too_large(text, integer, integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._message_too_large(outbox text, size integer, limit_bytes integer) RETURNS void
    LANGUAGE plpgsql IMMUTABLE
    AS $$
begin
  raise exception 'payload of % bytes is larger than the % bytes that outbox "%" takes', size, limit_bytes, outbox
    using errcode = 'program_limit_exceeded',
      hint = format('Publish a reference to it instead, or raise the limit with "SELECT tide.outbox_alter(%L, max_message_bytes => %s)".', outbox, size);
end $$;

--
-- Name: FUNCTION _message_too_large(outbox text, size integer, limit_bytes integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._message_too_large(outbox text, size integer, limit_bytes integer) IS 'Raises 54000 with both sizes.';

--
-- Name: _messages(integer, bigint[]); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._messages(outbox_id integer, ids bigint[]) RETURNS TABLE(id bigint, source text, op text, key text, dedup_key text, headers text, payload bytea, is_json boolean, before bytea, published_at_us bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET max_parallel_workers_per_gather TO '0'
    SET jit TO 'off'
    SET enable_seqscan TO 'off'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
#variable_conflict use_column
begin
  return query
    select m.id, m.source, m.op, m.key, m.dedup_key, m.headers::text,
           coalesce(m.payload_bytes, convert_to(m.payload::text, 'UTF8')), m.payload_bytes is null,
           convert_to(m.before::text, 'UTF8'), (date_part('epoch', m.published_at) * 1000000)::bigint
      from unnest(_messages.ids) with ordinality as wanted (id, place)
        join tide.message m on m.outbox_id = _messages.outbox_id and m.id = wanted.id
      order by wanted.place;
end $$;

--
-- Name: FUNCTION _messages(outbox_id integer, ids bigint[]); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._messages(outbox_id integer, ids bigint[]) IS 'Messages of an outbox by their ids, in the order of these, delivered or not; those that are not there are left out.';

--
-- Name: _name_problem(text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._name_problem(name text) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $_$
  select case
    when name is null then 'must not be null'
    when name = '' then 'must not be empty'
    when length(name) > 200 then format('must not be longer than 200 characters, but has %s', length(name))
    when name ~ '[[:cntrl:]]' then format('must not contain control characters: %s', to_json(name))
    when name ~ '^\s|\s$' then format('must not begin or end with a space: %s', to_json(name))
  end
$_$;

--
-- Name: FUNCTION _name_problem(name text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._name_problem(name text) IS 'What is wrong with the name of an outbox, a consumer group or a pipeline; null when nothing is.';

--
-- Name: _names_problems(text, jsonb); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._names_problems(path text, names jsonb) RETURNS SETOF text
    LANGUAGE sql IMMUTABLE
    AS $$
  select path || ': must not be empty' where names = '[]'
  union all
  select path || ': an entry is empty; write names, separated by commas' where names ? ''
  union all
  select path || ': ' || tide._shown(to_jsonb(name)) || ' is given twice'
  from jsonb_array_elements_text(names) as name where not names ? '' group by name having count(*) > 1
$$;

--
-- Name: FUNCTION _names_problems(path text, names jsonb); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._names_problems(path text, names jsonb) IS 'What is wrong with a list of names.';

--
-- Name: _nearest(text, text[]); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._nearest(name text, candidates text[]) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
  select c
  from unnest(candidates) as c,
    lateral tide._edit_distance(left(lower(name), 100), left(lower(c), 100)) as distance
  where distance <= greatest(2, length(name) / 3) and distance < length(name)
  order by distance, c collate "C"
  limit 1
$$;

--
-- Name: FUNCTION _nearest(name text, candidates text[]); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._nearest(name text, candidates text[]) IS 'The candidate most like a name, or null when none is near.';

--
-- Name: _next_floor(); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._next_floor() RETURNS bigint
    LANGUAGE sql
    AS $$
  select case
      when pg_catalog.pg_current_xact_id_if_assigned() is null
        and (pg_catalog.pg_sequence_parameters('tide.message_id_seq'::regclass)).cache_size = 1
      then tide._last_id_drawn()
    end
$$;

--
-- Name: FUNCTION _next_floor(); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._next_floor() IS 'The last id drawn, for the floor of a position: no message up to it is still to appear once all transactions are over that are older than the caller''s. Null unless the caller has no transaction id yet.';

--
-- Name: _next_ids(integer, integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._next_ids(group_id integer, at_most integer) RETURNS SETOF bigint
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET max_parallel_workers_per_gather TO '0'
    SET jit TO 'off'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
declare
  of_outbox int;
  reader    record;
  found_ids bigint[] := '{}';
begin
  perform tide._refuse_foreign_position(_next_ids.group_id);
  select g.outbox_id into of_outbox from tide.consumer_group g where g.id = _next_ids.group_id;
  select case when p.seek_request is null then p.done else (p.seek_request ->> 'done')::pg_snapshot end as done,
         case when p.seek_request is null then p.page else (p.seek_request ->> 'page')::pg_snapshot end as page,
         case when p.seek_request is null then p.last_id else (p.seek_request ->> 'last_id')::bigint end as last_id,
         case when p.seek_request is null then p.floor_id else 0 end as floor_id
    into reader
    from tide.position p where p.group_id = _next_ids.group_id;
  if reader.page is not null then
    select coalesce(array_agg(w.id order by w.id), '{}') into found_ids
      from (
        select m.id from tide.message m
          where m.outbox_id = of_outbox
            and m.id > reader.last_id
            and not pg_visible_in_snapshot(m.xid, reader.done)
            and pg_visible_in_snapshot(m.xid, reader.page)
          order by m.id
          limit at_most
      ) as w;
    reader.done := reader.page;
  end if;
  return query select unnest(found_ids);
  if tide._last_id_drawn() - reader.floor_id > 20000
      and tide._is_walked(of_outbox, reader.done, reader.floor_id, at_most) then
    return query
      select m.id from tide.message m
        where m.outbox_id = of_outbox and m.id > reader.floor_id and not pg_visible_in_snapshot(m.xid, reader.done)
        order by m.id
        limit at_most - cardinality(found_ids);
    return;
  end if;
  return query
    select w.id
      from (
        select m.id from tide.message m
          where m.outbox_id = of_outbox and m.xid = any (array(select pg_snapshot_xip(reader.done)))
        union all
        select m.id from tide.message m
          where m.outbox_id = of_outbox and m.xid >= pg_snapshot_xmax(reader.done)
      ) as w
      order by w.id + 0
      limit at_most - cardinality(found_ids);
end $$;

--
-- Name: FUNCTION _next_ids(group_id integer, at_most integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._next_ids(group_id integer, at_most integer) IS 'The ids of the messages that a consumer group gets next, in order, a seek that was asked for counted in. Moves nothing and locks nothing. Raises TD002 when its position is from another cluster.';

--
-- Name: _next_page(integer, uuid, integer, pg_snapshot, pg_snapshot, bigint, integer, bigint, tid); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._next_page(group_id integer, epoch uuid, outbox_id integer, done pg_snapshot, page pg_snapshot, last_id bigint, max_messages integer, max_bytes bigint, row_ctid tid DEFAULT NULL::tid) RETURNS TABLE(id bigint, source text, op text, key text, dedup_key text, headers text, payload bytea, is_json boolean, before bytea, published_at_us bigint, bytes_so_far bigint, snapshot text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET max_parallel_workers_per_gather TO '0'
    SET jit TO 'off'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
#variable_conflict use_column
begin
  perform tide._require_read_committed();
  if page is not null and tide._last_id_drawn() - last_id > 100000
      and tide._is_sparse(outbox_id, done, last_id, max_messages) then
    return query select * from tide._open_window(group_id, epoch, outbox_id, done, max_messages, max_bytes,
      null, row_ctid, page, last_id);
    return;
  end if;
  return query
    select coalesce(tide._lease_floor(_next_page.group_id, _next_page.epoch, _next_page.row_ctid),
                    tide._lease_lost(_next_page.group_id)::bigint),
           null::text, null::text, null::text, null::text, null::text, null::bytea,
           null::boolean, null::bytea, null::bigint, 0::bigint, pg_current_snapshot()::text
    union all
    select case when pg_visible_in_snapshot(w.xid, (select pg_current_snapshot())) then w.id
             else tide._foreign_xid(_next_page.outbox_id, w.id) end,
           w.source, w.op, w.key, w.dedup_key, w.headers::text,
           coalesce(w.payload_bytes, convert_to(w.payload::text, 'UTF8')), w.payload_bytes is null,
           convert_to(w.before::text, 'UTF8'), (date_part('epoch', w.published_at) * 1000000)::bigint,
           w.bytes_so_far, null::text
      from (
        select p.*, sum(p.size) over (order by p.id rows unbounded preceding) as bytes_so_far
          from (
            select m.*, least(tide._message_size(m.key, m.dedup_key, m.headers, m.payload, m.payload_bytes, m.before), 2147483647)::int as size
              from tide.message m
              where m.outbox_id = _next_page.outbox_id
                and m.id > _next_page.last_id
                and not pg_visible_in_snapshot(m.xid, _next_page.done)
                and (_next_page.page is null or pg_visible_in_snapshot(m.xid, _next_page.page))
              order by m.id
              limit _next_page.max_messages
          ) as p
      ) as w
      where w.bytes_so_far - w.size < _next_page.max_bytes;
end $$;

--
-- Name: FUNCTION _next_page(group_id integer, epoch uuid, outbox_id integer, done pg_snapshot, page pg_snapshot, last_id bigint, max_messages integer, max_bytes bigint, row_ctid tid); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._next_page(group_id integer, epoch uuid, outbox_id integer, done pg_snapshot, page pg_snapshot, last_id bigint, max_messages integer, max_bytes bigint, row_ctid tid) IS 'The next page of an open window, after last_id, in the form of tide._open_window; with page null the first one of a new window.';

--
-- Name: _no_such_message(integer, bigint); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._no_such_message(pipeline_id integer, message_id bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  raise exception 'message % of pipeline "%" cannot be put aside: it is neither in its outbox nor among the dead letters',
    message_id, (select l.name from tide.pipeline l where l.id = pipeline_id)
    using errcode = 'TD004',
      hint = 'Was it deleted by hand? The relay reads on from the stored position once the pipeline is enabled again.';
end $$;

--
-- Name: FUNCTION _no_such_message(pipeline_id integer, message_id bigint); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._no_such_message(pipeline_id integer, message_id bigint) IS 'Raises TD004: a message is nowhere.';

--
-- Name: _no_such_outbox(text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._no_such_outbox(outbox text) RETURNS void
    LANGUAGE plpgsql STABLE
    AS $$
declare
  nearest text := tide._nearest(outbox, (select array_agg(o.name order by o.name) from tide.outbox o));
begin
  raise exception 'there is no outbox "%"', outbox
    using errcode = 'undefined_object',
      hint = coalesce('Did you mean "' || nearest || '"?',
        format('Create it with "SELECT tide.outbox_create(%L)".', outbox));
end $$;

--
-- Name: FUNCTION _no_such_outbox(outbox text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._no_such_outbox(outbox text) IS 'Raises 42704 with the nearest name as a hint.';

--
-- Name: _notice_of_left_group(integer, integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._notice_of_left_group(left_group integer, new_group integer) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  old record;
begin
  select o.name as outbox, g.name as consumer_group into old
    from tide.consumer_group g join tide.outbox o on o.id = g.outbox_id where g.id = left_group;
  if left_group is distinct from new_group then
    raise notice 'consumer group "%" of outbox "%" remains, and messages are kept for it', old.consumer_group, old.outbox
      using hint = format('If nobody will read on with it, run "SELECT tide.consumer_group_drop(%L, %L)".', old.outbox, old.consumer_group);
  end if;
end $$;

--
-- Name: FUNCTION _notice_of_left_group(left_group integer, new_group integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._notice_of_left_group(left_group integer, new_group integer) IS 'Says so when a pipeline leaves a consumer group behind.';

--
-- Name: _open_window(integer, uuid, integer, pg_snapshot, integer, bigint, bigint, tid, pg_snapshot, bigint); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._open_window(group_id integer, epoch uuid, outbox_id integer, done pg_snapshot, max_messages integer, max_bytes bigint, floor_id bigint DEFAULT NULL::bigint, row_ctid tid DEFAULT NULL::tid, page pg_snapshot DEFAULT NULL::pg_snapshot, last_id bigint DEFAULT 0) RETURNS TABLE(id bigint, source text, op text, key text, dedup_key text, headers text, payload bytea, is_json boolean, before bytea, published_at_us bigint, bytes_so_far bigint, snapshot text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET max_parallel_workers_per_gather TO '0'
    SET jit TO 'off'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'on'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
#variable_conflict use_column
begin
  perform tide._require_read_committed();
  if floor_id is null and page is null then
    floor_id := coalesce(tide._lease_floor(group_id, epoch, row_ctid), 0);
  end if;
  -- Above the floor are all that the window may hold, and in a steady flow hardly more.
  if page is null and tide._last_id_drawn() - floor_id > 20000
      and tide._is_walked(outbox_id, done, floor_id, max_messages) then
    return query select * from tide._next_page(group_id, epoch, outbox_id, done, null, floor_id,
      max_messages, max_bytes, row_ctid);
    return;
  end if;
  if tide._is_only_outbox() then
    perform set_config('plan_cache_mode', 'force_generic_plan', true);  -- until this function ends
  end if;
  -- The snapshot and the rows come from this one statement: two would see two snapshots.
  return query
    select coalesce(tide._lease_floor(_open_window.group_id, _open_window.epoch, _open_window.row_ctid),
                    tide._lease_lost(_open_window.group_id)::bigint),
           null::text, null::text, null::text, null::text, null::text, null::bytea,
           null::boolean, null::bytea, null::bigint, 0::bigint, pg_current_snapshot()::text
    union all
    select case when pg_visible_in_snapshot(w.xid, (select pg_current_snapshot())) then w.id
             else tide._foreign_xid(_open_window.outbox_id, w.id) end,
           w.source, w.op, w.key, w.dedup_key, w.headers::text,
           coalesce(w.payload_bytes, convert_to(w.payload::text, 'UTF8')), w.payload_bytes is null,
           convert_to(w.before::text, 'UTF8'), (date_part('epoch', w.published_at) * 1000000)::bigint,
           w.bytes_so_far, null::text
      from (
        select p.*, sum(p.size) over (order by p.id + 0 rows unbounded preceding) as bytes_so_far
          from (
            select m.*, least(tide._message_size(m.key, m.dedup_key, m.headers, m.payload, m.payload_bytes, m.before), 2147483647)::int as size
              from tide.message m
              where m.outbox_id = _open_window.outbox_id
                and (m.xid >= pg_snapshot_xmax(_open_window.done)
                     or m.xid = any (array(select pg_snapshot_xip(_open_window.done))))
                and (_open_window.page is null
                     or m.id > _open_window.last_id and pg_visible_in_snapshot(m.xid, _open_window.page))
              order by m.id + 0
              limit _open_window.max_messages
          ) as p
      ) as w
      where w.bytes_so_far - w.size < _open_window.max_bytes;
end $$;

--
-- Name: FUNCTION _open_window(group_id integer, epoch uuid, outbox_id integer, done pg_snapshot, max_messages integer, max_bytes bigint, floor_id bigint, row_ctid tid, page pg_snapshot, last_id bigint); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._open_window(group_id integer, epoch uuid, outbox_id integer, done pg_snapshot, max_messages integer, max_bytes bigint, floor_id bigint, row_ctid tid, page pg_snapshot, last_id bigint) IS 'Takes a window: first a row with the floor, as its id, and the snapshot, then the first page of messages that done does not show. Given a page and last_id, the next page of that window. Raises TD001 without a valid lease, TD002 when transaction ids are foreign.';

--
-- Name: _option_suggestion(text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._option_suggestion(path text) RETURNS text
    LANGUAGE sql STABLE
    AS $$
  select case when near is null then '' else format('; did you mean "%s"?', near) end
  from tide._nearest(path, array(
    select o.name from tide.option o
    union
    select split_part(o.name, '.', 1) from tide.option o where strpos(path, '.') = 0)) as near
$$;

--
-- Name: FUNCTION _option_suggestion(path text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._option_suggestion(path text) IS 'The end of a sentence about an unknown option: the nearest name, if any is near.';

--
-- Name: _option_value(text, jsonb); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._option_value(type text, value jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    AS $_$
  select case
    when type in ('object', 'array') and kind = type then value
    when type = 'schema' and kind in ('string', 'object') then value
    when type = 'list' and kind = 'string' then (
      select jsonb_agg(btrim(e.name, E' \t\n\r') order by e.place)
      from regexp_split_to_table(plain, ',') with ordinality as e (name, place))
    when type = 'list' and kind = 'array' then (
      select case when coalesce(bool_and(jsonb_typeof(e.name) = 'string'), true)
        then coalesce(jsonb_agg(btrim(e.name #>> '{}', E' \t\n\r') order by e.place), '[]') end
      from jsonb_array_elements(value) with ordinality as e (name, place))
    when type = 'boolean' and kind = 'boolean' then value
    when type = 'boolean' and value in ('"true"', '"false"') then plain::jsonb
    when type = 'text' and kind = 'string' then value
    when type = 'text' and kind = 'number' and plain ~ '^-?[0-9]{1,18}$' then to_jsonb(plain)
    when type = 'integer' and kind in ('string', 'number') and plain ~ '^-?[0-9]+$' then
      case when length(ltrim(plain, '-')) <= 18 then to_jsonb(plain::int8)
        when left(plain, 1) = '-' then to_jsonb(-1000000000000000000)
        else to_jsonb(1000000000000000000) end
    end
  from (select jsonb_typeof(value) as kind, value #>> '{}' as plain) as given
$_$;

--
-- Name: FUNCTION _option_value(type text, value jsonb); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._option_value(type text, value jsonb) IS 'A value as an option''s type, forgiving where the intent is plain ("100" is a number); null where it is none.';

--
-- Name: _out_of_turn(integer, bigint, text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._out_of_turn(group_id integer, number bigint, why text) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  raise exception 'transaction % of consumer group % is out of turn: %', coalesce(number::text, '(null)'), group_id, why
    using errcode = 'TD005',
      hint = 'Nothing was written. This is a bug of pg_tide, please report it; the pipeline goes on from what is stored.';
end $$;

--
-- Name: FUNCTION _out_of_turn(group_id integer, number bigint, why text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._out_of_turn(group_id integer, number bigint, why text) IS 'Raises TD005: the relay would write, or confirm, a Kafka transaction that does not follow the one before it.';

--
-- Name: _outbox_id(text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._outbox_id(outbox text) RETURNS integer
    LANGUAGE plpgsql STABLE
    AS $$
declare
  found_id int;
begin
  select o.id into found_id from tide.outbox o where o.name = outbox;
  if not found then
    perform tide._no_such_outbox(outbox);
  end if;
  return found_id;
end $$;

--
-- Name: FUNCTION _outbox_id(outbox text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._outbox_id(outbox text) IS 'The id of an outbox; raises 42704 with the nearest name when there is none.';

--
-- Name: _outbox_is_foreign(integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._outbox_is_foreign(outbox_id integer) RETURNS boolean
    LANGUAGE sql STABLE
    AS $_$
  select exists (select from tide.outbox o where o.id = $1 and o.writer_xmin is distinct from o.xmin)
    or exists (
      select from tide.position p join tide.consumer_group g on g.id = p.group_id
      where g.outbox_id = $1 and p.writer_xmin is distinct from p.xmin)
$_$;

--
-- Name: FUNCTION _outbox_is_foreign(outbox_id integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._outbox_is_foreign(outbox_id integer) IS 'Whether an outbox row or the position of one of its groups was written in another cluster.';

--
-- Name: _owners(); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._owners() RETURNS TABLE(group_id integer, relay_id uuid, relay text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select p.group_id, r.id, r.name
    from tide.position p
      join tide.lease l on l.group_id = p.group_id and l.epoch = p.epoch and l.writer_xmin = l.xmin
      join tide._live_relays() as r on r.id = l.relay_id
      join pg_locks k on k.pid = r.backend_pid and k.locktype = 'advisory' and k.granted
        and k.classid = tide._lock_class()::oid and k.objid = p.group_id::oid and k.objsubid = 2
$$;

--
-- Name: FUNCTION _owners(); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._owners() IS 'Which live relay runs which consumer group: it holds the lease and, at this moment, the lock.';

--
-- Name: _parked_keys(integer, integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._parked_keys(group_id integer, at_most integer) RETURNS SETOF text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $_$
  select distinct k.key
  from tide.pipeline l
    cross join lateral (
      select d.key from tide.dead_letter d where d.pipeline_id = l.id and d.parks_key and d.state = 'waiting'
      union all
      select d.key from tide.dead_letter d where d.pipeline_id = l.id and d.parks_key and d.state = 'retrying'
    ) as k
  where l.group_id = $1
  limit $2
$_$;

--
-- Name: FUNCTION _parked_keys(group_id integer, at_most integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._parked_keys(group_id integer, at_most integer) IS 'The keys whose later messages wait, for an earlier one was put aside; at most so many.';

--
-- Name: _pending(integer, integer, integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._pending(group_id integer, at_most integer, slot integer DEFAULT NULL::integer, OUT pending bigint, OUT is_estimate boolean, OUT oldest timestamp with time zone) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET max_parallel_workers_per_gather TO '0'
    SET jit TO 'off'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
declare
  reader    tide.position;
  of_outbox int;
  passed    bigint;
  taken     pg_snapshot;
  lowest_id bigint;
begin
  select p.* into reader from tide.position p where p.group_id = _pending.group_id and p.writer_xmin = p.xmin;
  select g.outbox_id into of_outbox
    from tide.consumer_group g join tide.outbox o on o.id = g.outbox_id
    where g.id = reader.group_id and o.writer_xmin = o.xmin;
  if not found then
    return;
  end if;
  taken := coalesce(reader.page, reader.done);
  passed := case when reader.page is null then 9223372036854775807 else reader.last_id end;
  select count(*), min(w.published_at), min(w.id) into pending, oldest, lowest_id
    from (
      (select m.id, m.published_at from tide.message m
        where m.outbox_id = of_outbox and (_pending.slot is null or m.slot = _pending.slot)
          and m.id > passed and not pg_visible_in_snapshot(m.xid, reader.done)
        order by m.id limit at_most::bigint + 1)
      union all
      (select m.id, m.published_at from tide.message m
        where m.outbox_id = of_outbox and (_pending.slot is null or m.slot = _pending.slot)
          and m.id <= passed and m.xid = any (array(select pg_snapshot_xip(taken)))
        order by m.xid limit at_most::bigint + 1)
      union all
      (select m.id, m.published_at from tide.message m
        where m.outbox_id = of_outbox and (_pending.slot is null or m.slot = _pending.slot)
          and m.id <= passed and m.xid >= pg_snapshot_xmax(taken)
        order by m.xid limit at_most::bigint + 1)
      limit at_most::bigint + 1
    ) as w;
  is_estimate := pending > at_most;
  if is_estimate then
    pending := greatest(pending, tide._retained_estimate(of_outbox, lowest_id));
  end if;
end $$;

--
-- Name: FUNCTION _pending(group_id integer, at_most integer, slot integer, OUT pending bigint, OUT is_estimate boolean, OUT oldest timestamp with time zone); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._pending(group_id integer, at_most integer, slot integer, OUT pending bigint, OUT is_estimate boolean, OUT oldest timestamp with time zone) IS 'What a consumer group has yet to deliver, by its stored position, in one slot or in all: how many (exact up to at_most, then an estimate) and when the oldest was published. Nulls when the position is from another cluster.';

--
-- Name: _pipeline_problems(text, text, text, jsonb); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._pipeline_problems(pipeline text, outbox text, consumer_group text, config jsonb) RETURNS text[]
    LANGUAGE sql STABLE
    AS $_$
  select coalesce(array_agg(p.problem order by p.place, p.part), '{}')
  from (
    select 1, 1, 'pipeline: ' || tide._name_problem(pipeline)
    union all
    select 2, 1, 'outbox: must not be null' where outbox is null
    union all
    select 2, 2, format('outbox: there is no outbox "%s"', outbox)
        || coalesce('; did you mean "' || tide._nearest(outbox, (select array_agg(o.name) from tide.outbox o)) || '"?', '')
      where outbox is not null and not exists (select from tide.outbox o where o.name = outbox)
    union all
    select 3, 1, 'consumer_group: ' || tide._name_problem(consumer_group)
    union all
    select 3, 2, format('consumer_group: "%s" is used by pipeline "%s", and one pipeline reads a group', consumer_group, l.name)
      from tide.pipeline l
        join tide.consumer_group g on g.id = l.group_id
        join tide.outbox o on o.id = g.outbox_id
      where o.name = outbox and g.name = consumer_group and l.name <> pipeline
    union all
    select 4, 1, 'config: must not be null' where config is null
    union all
    select 4, c.part + 1, c.problem
      from unnest(tide._config_problems(config)) with ordinality as c (problem, part) where config is not null
    union all
    select 5, 1, format('%s: "********" hides a secret and is none', s.name)
      from tide.option s where s.secret and tide._config_value(config, s.name) #>> '{}' = '********'
    union all
    select 5, 2, format('%s: with outbox "%s" it is %s, which Kafka does not take as a topic', t.option, outbox,
        tide._shown(to_jsonb(t.topic)))
      from (values
          ('topic', replace(tide._config_value(config, 'topic') #>> '{}', '{outbox}', outbox)),
          ('topic_prefix', (tide._config_value(config, 'topic_prefix') #>> '{}') || outbox)) as t (option, topic)
      where t.topic !~ '[{}]' and outbox ~ '[^a-zA-Z0-9._-]' and t.topic !~ '^[a-zA-Z0-9._-]{1,249}$'
  ) as p (place, part, problem)
  where p.problem is not null
$_$;

--
-- Name: FUNCTION _pipeline_problems(pipeline text, outbox text, consumer_group text, config jsonb); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._pipeline_problems(pipeline text, outbox text, consumer_group text, config jsonb) IS 'Every problem of a pipeline''s names and configuration, one sentence each; an empty array when there is none.';

--
-- Name: _pipelines(text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._pipelines(relay_group text) RETURNS TABLE(id integer, name text, outbox_id integer, outbox text, group_id integer, group_name text, config jsonb, enabled boolean, revision bigint, seek text, to_retry boolean)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  select p.id, p.name, p.outbox_id, o.name, p.group_id, g.name, p.config, p.enabled, p.revision,
         s.seek_request ->> 'requested_at', tide._has_retries(p.id)
    from tide.pipeline p
      join tide.outbox o on o.id = p.outbox_id
      join tide.consumer_group g on g.id = p.group_id
      join tide.position s on s.group_id = p.group_id
    where $1 is null or p.relay_group = $1
    order by p.id
$_$;

--
-- Name: FUNCTION _pipelines(relay_group text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._pipelines(relay_group text) IS 'The pipelines of a relay group (null: of all) as configured, enabled or not, and when a seek was asked for that nobody has applied yet; and whether dead letters are to be tried again.';

--
-- Name: position; Type: TABLE; Schema: tide; Owner: -
--

CREATE TABLE tide."position" (
    group_id integer NOT NULL,
    epoch uuid,
    seek_request jsonb,
    done pg_snapshot NOT NULL,
    page pg_snapshot,
    last_id bigint DEFAULT 0 NOT NULL,
    floor_id bigint DEFAULT 0 NOT NULL,
    next_floor_id bigint DEFAULT 0 NOT NULL,
    next_floor_xid xid8,
    writer_xmin xid,
    delivered bigint DEFAULT 0 NOT NULL,
    filtered bigint DEFAULT 0 NOT NULL,
    dead_lettered bigint DEFAULT 0 NOT NULL,
    last_delivered_at timestamp with time zone,
    crashes integer DEFAULT 0 NOT NULL,
    attempt_id bigint,
    attempts integer DEFAULT 0 NOT NULL,
    number bigint DEFAULT 0 NOT NULL,
    token uuid,
    transactional_id text,
    brokers text[],
    confirmed_at timestamp with time zone
)
WITH (fillfactor='10', autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='1000');

--
-- Name: TABLE "position"; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON TABLE tide."position" IS 'Where each consumer group is. Written by the relay that holds the group''s epoch, and by nobody else.';

--
-- Name: COLUMN "position".epoch; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON COLUMN tide."position".epoch IS 'A random token of the relay that took the group over last.';

--
-- Name: COLUMN "position".done; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON COLUMN tide."position".done IS 'Every message visible in this snapshot has its end.';

--
-- Name: COLUMN "position".page; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON COLUMN tide."position".page IS 'The window being drained: its messages up to last_id have their end. Null when no window is open.';

--
-- Name: COLUMN "position".floor_id; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON COLUMN tide."position".floor_id IS 'Every message with an id up to this one is visible in done, and none is still to appear.';

--
-- Name: COLUMN "position".next_floor_id; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON COLUMN tide."position".next_floor_id IS 'The last id drawn when it was read, before next_floor_xid was: the next floor, once no transaction is in progress in done that is older than that.';

--
-- Name: COLUMN "position".crashes; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON COLUMN tide."position".crashes IS 'How many relays in a row ended without leaving the group, since the position last moved.';

--
-- Name: COLUMN "position".attempt_id; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON COLUMN tide."position".attempt_id IS 'The message that is tried alone, for it may be what ended the process.';

--
-- Name: COLUMN "position".attempts; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON COLUMN tide."position".attempts IS 'How often it was tried.';

--
-- Name: COLUMN "position".number; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON COLUMN tide."position".number IS 'The last Kafka transaction of which it is written here that it was committed; 0: none ever was.';

--
-- Name: _place_to_read(tide."position"); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._place_to_read(p tide."position", OUT done pg_snapshot, OUT page pg_snapshot, OUT last_id bigint) RETURNS record
    LANGUAGE sql IMMUTABLE
    AS $$
  select case when p.seek_request is null then p.done else (p.seek_request ->> 'done')::pg_snapshot end,
         case when p.seek_request is null then p.page else (p.seek_request ->> 'page')::pg_snapshot end,
         case when p.seek_request is null then p.last_id else (p.seek_request ->> 'last_id')::bigint end
$$;

--
-- Name: FUNCTION _place_to_read(p tide."position", OUT done pg_snapshot, OUT page pg_snapshot, OUT last_id bigint); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._place_to_read(p tide."position", OUT done pg_snapshot, OUT page pg_snapshot, OUT last_id bigint) IS 'Where a group reads on once a seek that was asked for is applied.';

--
-- Name: _placements_problems(text, jsonb); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._placements_problems(path text, placements jsonb) RETURNS SETOF text
    LANGUAGE sql IMMUTABLE
    AS $_$
  select path || ': must be like type:header:eventType, not ' || tide._shown(to_jsonb(p))
  from jsonb_array_elements_text(placements) as p
  where p !~ '^[A-Za-z0-9_.-]+:(header|envelope)(:[A-Za-z0-9_.-]+)?$'
$_$;

--
-- Name: FUNCTION _placements_problems(path text, placements jsonb); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._placements_problems(path text, placements jsonb) IS 'What is wrong with a list of places of an outbox''s fields.';

--
-- Name: _position_at(integer, text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._position_at(outbox_id integer, target text, OUT done pg_snapshot, OUT page pg_snapshot, OUT last_id bigint) RETURNS record
    LANGUAGE plpgsql
    AS $_$
declare
  problem  text := tide._target_problem(target);
  latest   pg_snapshot := tide._latest_snapshot();
  first_id bigint;
begin
  if problem is not null then
    raise exception 'target %', problem
      using errcode = case when target is null then 'null_value_not_allowed' else 'invalid_parameter_value' end,
        hint = 'Examples: ''earliest'', ''latest'', ''12345'' (a message id), ''2025-01-31 12:00:00+00''.';
  end if;
  done := latest;
  last_id := 0;
  if lower(btrim(target)) = 'latest' then
    return;
  elsif lower(btrim(target)) = 'earliest' then
    done := '3:3:';
    return;
  elsif btrim(target) ~ '^[0-9]+$' then
    first_id := btrim(target)::bigint;
  else
    -- In a later statement than the snapshot: what commits in between is in neither, and delivered.
    select min(m.id) into first_id from tide.message m
      where m.outbox_id = _position_at.outbox_id and m.published_at >= target::timestamptz;
    if first_id is null then
      return;
    end if;
  end if;
  done := '3:3:';
  page := latest;
  last_id := first_id - 1;
end $_$;

--
-- Name: FUNCTION _position_at(outbox_id integer, target text, OUT done pg_snapshot, OUT page pg_snapshot, OUT last_id bigint); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._position_at(outbox_id integer, target text, OUT done pg_snapshot, OUT page pg_snapshot, OUT last_id bigint) IS 'The position that stands at a target: earliest, latest, before a message id, or before the first message published at or after a timestamp. Raises 22023 for anything else.';

--
-- Name: _put_aside(integer, uuid, jsonb); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._put_aside(group_id integer, epoch uuid, letters jsonb) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_material TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
declare
  of_pipeline int := tide._hold_position(group_id, epoch);
  of_outbox   int := (select g.outbox_id from tide.consumer_group g where g.id = group_id);
  at          tide.position;
  new_ids     bigint[];
  lost        bigint;
begin
  select p.* into at from tide.position p where p.group_id = _put_aside.group_id;
  update tide.dead_letter d
    set state = 'waiting', stage = l.stage, reason = l.reason, error = left(l.error, 10000),
        attempts = d.attempts + l.attempts, last_at = clock_timestamp(),
        parks_key = d.key is not null and (d.parks_key or l.parks_key)
    from tide._letters(letters) as l
      cross join lateral (
        select u.id from tide.dead_letter u
        where u.pipeline_id = of_pipeline and u.message_id = l.message_id
          and u.state in ('waiting', 'parked', 'retrying')
        limit 1) as u
    where l.state = 'waiting' and d.id = u.id and d.state in ('waiting', 'parked', 'retrying');
  with added as (
    insert into tide.dead_letter as d
      (pipeline_id, outbox_id, message_id, published_at, op, key, dedup_key, source, headers, payload, payload_bytes,
       before, stage, reason, error, attempts, first_at, state, parks_key)
    select of_pipeline, of_outbox, m.id, m.published_at, m.op, m.key, m.dedup_key, m.source, m.headers, m.payload,
           m.payload_bytes, m.before, l.stage, l.reason, left(l.error, 10000), l.attempts, l.first_at, l.state,
           m.key is not null and l.parks_key
      from tide._letters(letters) as l
        cross join lateral (
          select * from tide.message w where w.outbox_id = of_outbox and w.id = l.message_id limit 1) as m
      where (
          select u.id from tide.dead_letter u
          where u.pipeline_id = of_pipeline and u.message_id = l.message_id
            and u.state in ('waiting', 'parked', 'retrying')
          limit 1) is null
        -- What the position has passed was tried again, and discarded meanwhile.
        and not (
          (pg_visible_in_snapshot(m.xid, at.done)
            or m.id <= at.last_id and coalesce(pg_visible_in_snapshot(m.xid, at.page), false))
          and (
            select u.id from tide.dead_letter u
            where u.pipeline_id = of_pipeline and u.message_id = l.message_id and u.state = 'discarded'
            limit 1) is not null)
      order by l.place
    returning d.id, d.state)
  select array_agg(a.id) into new_ids from added a;
  if cardinality(new_ids) = jsonb_array_length(letters) then
    perform tide._queue_behind(new_ids);
    return cardinality(new_ids);
  end if;
  select l.message_id into lost
    from tide._letters(letters) as l
    where (
        select d.id from tide.dead_letter d
        where d.pipeline_id = of_pipeline and d.message_id = l.message_id
          and d.state in ('waiting', 'parked', 'retrying')
        limit 1) is null
      and (
        select d.id from tide.dead_letter d
        where d.pipeline_id = of_pipeline and d.message_id = l.message_id and d.state = 'discarded'
        limit 1) is null
    limit 1;
  if found then
    perform tide._no_such_message(of_pipeline, lost);
  end if;
  perform tide._queue_behind(new_ids);
  return coalesce(cardinality(new_ids), 0);
end $$;

--
-- Name: FUNCTION _put_aside(group_id integer, epoch uuid, letters jsonb); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._put_aside(group_id integer, epoch uuid, letters jsonb) IS 'Puts messages aside, in the order of an array of {message_id, state, parks_key, stage, reason, error, attempts, first_at}, and returns how many are new. One that is there, unresolved, is brought up to date if its state is waiting, and left as it is if parked. Raises TD001 without the lease, TD004 for a message that is nowhere.';

--
-- Name: _queue_behind(bigint[]); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._queue_behind(new_ids bigint[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  firsts bigint[];
  locked bigint[];
begin
  select array_agg(distinct f.id) into firsts
    from tide._chains(new_ids) as c
      cross join lateral (select * from tide._first_of_chain(c.pipeline_id, c.key)) as f;
  if firsts is null then
    return;
  end if;
  select array_agg(s.id) into locked
    from (
      select d.id from tide.dead_letter d
        where d.id = any (firsts) and d.state in ('waiting', 'retrying')
        order by d.id
        for share skip locked
    ) as s;
  if cardinality(locked) = cardinality(firsts) then
    return;
  end if;
  update tide.dead_letter d
    set state = 'retrying'
    where d.id = any (new_ids) and d.state like 'parked'
      and (select f.id from tide._first_of_chain(d.pipeline_id, d.key) as f) <> all (coalesce(locked, '{}'));
end $$;

--
-- Name: FUNCTION _queue_behind(new_ids bigint[]); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._queue_behind(new_ids bigint[]) IS 'What was just put at the end of chains: marks what leads its chain, or may lead it at any moment, to be tried again.';

--
-- Name: _raise_flags(integer[], integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._raise_flags(outbox_ids integer[], seconds integer) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  -- A transaction that notified cannot be prepared.
  if current_setting('max_prepared_transactions')::int > 0 then
    return false;
  end if;
  perform setval(o.wake_sequence, extract(epoch from clock_timestamp())::bigint + seconds, true)
    from tide.outbox o where o.id = any (outbox_ids);
  return true;
end $$;

--
-- Name: FUNCTION _raise_flags(outbox_ids integer[], seconds integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._raise_flags(outbox_ids integer[], seconds integer) IS 'Asks publishers to notify, for so many seconds; false where that would keep transactions from being prepared.';

--
-- Name: _raise_sequences(); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._raise_sequences() RETURNS void
    LANGUAGE plpgsql
    AS $$
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

--
-- Name: FUNCTION _raise_sequences(); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._raise_sequences() IS 'Sees to it that no id is given out that a row has, nor one of a message that only a dead letter has: a logical copy leaves sequences behind.';

--
-- Name: _reads_messages(); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._reads_messages() RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select has_table_privilege('tide.dead_letter', 'select')
    or exists (select from pg_catalog.pg_roles r where r.rolname = 'tide_admin' and pg_has_role(r.oid, 'usage'))
$$;

--
-- Name: FUNCTION _reads_messages(); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._reads_messages() IS 'Whether whoever asks may see what messages hold: tide_admin, and who may read the tables.';

--
-- Name: _rebase_position(integer, pg_snapshot); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._rebase_position(group_id integer, done pg_snapshot) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  discarded int;
begin
  update tide.position p
    set epoch = gen_random_uuid(), seek_request = null, done = _rebase_position.done, page = null, last_id = 0,
        floor_id = 0, next_floor_id = 0, next_floor_xid = null
    where p.group_id = _rebase_position.group_id;
  perform tide._stamp_position(group_id);
  delete from tide.lease l where l.group_id = _rebase_position.group_id;
  delete from tide.intent i where i.group_id = _rebase_position.group_id;
  get diagnostics discarded = row_count;
  if discarded > 0 then
    raise notice 'consumer group "%" left % Kafka transaction% open, now discarded: what committed ones of them delivered may be delivered again',
      (select g.name from tide.consumer_group g where g.id = group_id), discarded, case when discarded > 1 then 's' else '' end;
  end if;
end $$;

--
-- Name: FUNCTION _rebase_position(group_id integer, done pg_snapshot); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._rebase_position(group_id integer, done pg_snapshot) IS 'Sets a consumer group to a position of this cluster, with no window open, takes it from whoever runs it, and discards what it left open in Kafka, saying so.';

--
-- Name: _reference_problems(text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._reference_problems(value text) RETURNS SETOF text
    LANGUAGE sql IMMUTABLE
    AS $_$
  select format('has %s references, and may have 20', count(*))
  from regexp_matches(value, '\$\{[^}]*\}?', 'g') having count(*) > 20
  union all
  select 'has a "${" that begins no reference; write ${env:NAME}, ${file:/absolute/path} or ${secret:NAME}'
  where (select count(*) from regexp_matches(value, '\$\{[^}]*\}?', 'g')) <= 20 and exists (
    select from regexp_matches(value, '\$\{[^}]*\}?', 'g') as piece
    where piece[1] !~ '^\$\{(env:[A-Za-z_][A-Za-z0-9_]*|file:/[^}]*|secret:[A-Za-z0-9_.-]{1,200})\}$')
$_$;

--
-- Name: FUNCTION _reference_problems(value text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._reference_problems(value text) IS 'What is wrong with how the references of a text are written.';

--
-- Name: _refuse_dead_letters(integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._refuse_dead_letters(pipeline_id integer) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  pipeline text := (select l.name from tide.pipeline l where l.id = pipeline_id);
  words    text := tide._dead_letter_words(pipeline_id);
begin
  if words is not null then
    raise exception 'pipeline "%" has %', pipeline, words
      using errcode = 'dependent_objects_still_exist',
        hint = format('Deliver them with "SELECT tide.dead_letter_retry_all(%L)" while it runs, or give them up with "SELECT tide.dead_letter_discard_all(%L)".',
          pipeline, pipeline);
  end if;
end $$;

--
-- Name: FUNCTION _refuse_dead_letters(pipeline_id integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._refuse_dead_letters(pipeline_id integer) IS 'Raises 2BP01 while a pipeline has dead letters that nobody has resolved.';

--
-- Name: _refuse_foreign_outbox(integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._refuse_foreign_outbox(outbox_id integer) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  foreign_name text;
begin
  select o.name into foreign_name from tide.outbox o
    where o.id = outbox_id and o.writer_xmin is distinct from o.xmin;
  if found then
    perform tide._foreign_error(foreign_name, 'its own row was written there');
  end if;
end $$;

--
-- Name: FUNCTION _refuse_foreign_outbox(outbox_id integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._refuse_foreign_outbox(outbox_id integer) IS 'Raises TD002 when an outbox row was written in another cluster.';

--
-- Name: _refuse_foreign_position(integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._refuse_foreign_position(group_id integer) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  foreign_position record;
begin
  select o.name as outbox, g.name as consumer_group into foreign_position
    from tide.position p
      join tide.consumer_group g on g.id = p.group_id
      join tide.outbox o on o.id = g.outbox_id
    where p.group_id = _refuse_foreign_position.group_id
      and (p.writer_xmin is distinct from p.xmin or o.writer_xmin is distinct from o.xmin);
  if found then
    perform tide._foreign_error(foreign_position.outbox,
      format('the position of consumer group "%s" was written there', foreign_position.consumer_group));
  end if;
end $$;

--
-- Name: FUNCTION _refuse_foreign_position(group_id integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._refuse_foreign_position(group_id integer) IS 'Raises TD002 when a consumer group''s position, or its outbox, was written in another cluster.';

--
-- Name: _refuse_null(text, text, text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._refuse_null(what text, value text, hint text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE
    AS $$
begin
  if value is null then
    raise exception '% must not be null', what
      using errcode = 'null_value_not_allowed', hint = _refuse_null.hint;
  end if;
end $$;

--
-- Name: FUNCTION _refuse_null(what text, value text, hint text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._refuse_null(what text, value text, hint text) IS 'Raises 22004 when an argument is null.';

--
-- Name: _refuse_outbox_in_use(integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._refuse_outbox_in_use(outbox_id integer) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  outbox   text := (select o.name from tide.outbox o where o.id = outbox_id);
  reasons  text;
begin
  if tide._outbox_is_foreign(outbox_id) then
    perform tide._foreign_error(outbox, 'what is undelivered cannot be told');
  end if;
  select string_agg(r.reason, ', ' order by r.place, r.reason) into reasons
    from (
      select 1, format('pipeline "%s"', p.name) || coalesce(' with ' || tide._dead_letter_words(p.id), '')
        from tide.pipeline p where p.outbox_id = _refuse_outbox_in_use.outbox_id
      union all
      select 2, format('%s%s undelivered message%s of consumer group "%s"',
          case when w.is_estimate then 'about ' end, w.pending, case when w.pending > 1 then 's' end, g.name)
        from tide.consumer_group g, lateral tide._pending(g.id, 10000) as w
        where g.outbox_id = _refuse_outbox_in_use.outbox_id and w.pending > 0
      union all
      select 3, format('%s%s message%s that no consumer group has read',
          case when m.is_estimate then 'about ' end, m.retained, case when m.retained > 1 then 's' end)
        from tide._retained(outbox_id, 10000) as m
        where m.retained > 0
          and not exists (select from tide.consumer_group g where g.outbox_id = _refuse_outbox_in_use.outbox_id)
    ) as r (place, reason);
  if reasons is not null then
    raise exception 'outbox "%" is in use: %', outbox, reasons
      using errcode = 'dependent_objects_still_exist',
        hint = format('To drop them all run "SELECT tide.outbox_drop(%L, force => true)".', outbox);
  end if;
end $$;

--
-- Name: FUNCTION _refuse_outbox_in_use(outbox_id integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._refuse_outbox_in_use(outbox_id integer) IS 'Raises 2BP01 while an outbox has pipelines, or messages that somebody has yet to get.';

--
-- Name: _refuse_pipeline(text, text, text, jsonb); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._refuse_pipeline(pipeline text, outbox text, consumer_group text, config jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  problems text[] := tide._pipeline_problems(pipeline, outbox, consumer_group, config);
begin
  if cardinality(problems) = 1 and outbox is not null then
    perform tide._outbox_id(outbox);  -- where that is all, its own error says it best
  end if;
  if cardinality(problems) > 0 then
    raise exception E'pipeline "%" is refused:\n  %', pipeline, array_to_string(problems, E'\n  ')
      using errcode = 'invalid_parameter_value',
        hint = 'Nothing was stored. "SELECT * FROM tide.options" lists every option.';
  end if;
end $$;

--
-- Name: FUNCTION _refuse_pipeline(pipeline text, outbox text, consumer_group text, config jsonb); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._refuse_pipeline(pipeline text, outbox text, consumer_group text, config jsonb) IS 'Raises 22023 with every problem of a pipeline, or 42704 when its outbox is all that is missing.';

--
-- Name: _refuse_publish(text, text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._refuse_publish(outbox text, op text) RETURNS void
    LANGUAGE plpgsql STABLE
    AS $$
begin
  if outbox is null then
    raise exception 'outbox must not be null' using errcode = 'null_value_not_allowed',
      hint = 'Name the outbox to publish to, as created with tide.outbox_create().';
  end if;
  if not exists (select from tide.outbox o where o.name = outbox) then
    perform tide._no_such_outbox(outbox);
  end if;
  if exists (select from tide.outbox o where o.name = outbox and not o.enabled) then
    raise exception 'outbox "%" is disabled', outbox
      using errcode = 'object_not_in_prerequisite_state',
        hint = format('Enable it with "SELECT tide.outbox_enable(%L)".', outbox);
  end if;
  raise exception 'op must be a word, not %', coalesce('''' || op || '''', 'null')
    using errcode = 'invalid_parameter_value', hint = 'Use ''insert'', ''update'', ''delete'', or a word of your own.';
end $$;

--
-- Name: FUNCTION _refuse_publish(outbox text, op text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._refuse_publish(outbox text, op text) IS 'Says why a message cannot be published: the slow path, to an error.';

--
-- Name: _register_relay(uuid, text, text, text, text[], boolean); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._register_relay(id uuid, name text, version text, relay_group text DEFAULT NULL::text, pipelines text[] DEFAULT '{}'::text[], takes boolean DEFAULT true) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  delete from tide.relay_process r
    where r.id <> _register_relay.id and not exists (select from tide._live_relays() as l where l.id = r.id);
  insert into tide.relay_process as r (id, name, version, backend_pid, started_at, relay_group, pipelines, takes)
    values (_register_relay.id, _register_relay.name, _register_relay.version, pg_backend_pid(), clock_timestamp(),
            _register_relay.relay_group, _register_relay.pipelines, _register_relay.takes)
    on conflict on constraint relay_process_pkey do update
      set name = excluded.name, version = excluded.version, backend_pid = excluded.backend_pid,
          started_at = case when r.backend_pid = excluded.backend_pid then r.started_at else excluded.started_at end,
          relay_group = excluded.relay_group, pipelines = excluded.pipelines, takes = excluded.takes;
end $$;

--
-- Name: FUNCTION _register_relay(id uuid, name text, version text, relay_group text, pipelines text[], takes boolean); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._register_relay(id uuid, name text, version text, relay_group text, pipelines text[], takes boolean) IS 'Makes a relay known, by the backend that calls: that of its lock connection; which pipelines it may run (null and none: all), and whether it takes any now. Forgets relays that are gone.';

--
-- Name: _relay_rights(); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._relay_rights() RETURNS TABLE(role_name text, lacking text[])
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select current_user::text,
         array(select p.oid::regprocedure::text
                 from pg_catalog.pg_proc p
                 where p.pronamespace = 'tide'::regnamespace and (p.proname like '\_%' or p.proname = 'outbox_sweep')
                   and not has_function_privilege(p.oid, 'execute')
                 order by 1)
$$;

--
-- Name: FUNCTION _relay_rights(); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._relay_rights() IS 'Who is asking, and which functions of the relay that role may not call.';

--
-- Name: _renumber_messages(integer, bigint); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._renumber_messages(outbox_id integer, horizon bigint) RETURNS TABLE(group_id integer, missed_xids bigint[], undelivered bigint)
    LANGUAGE plpgsql
    SET enable_nestloop TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_column
declare
  copied_by bigint[] := tide._copied_by(outbox_id, horizon);
begin
  return query
    with reader as materialized (
      select g.id as group_id, w.done, w.page, w.last_id,
             p.writer_xmin is distinct from p.xmin or o.writer_xmin is distinct from o.xmin as is_foreign
        from tide.outbox o join tide.consumer_group g on g.outbox_id = o.id join tide.position p on p.group_id = g.id
          cross join lateral tide._place_to_read(p) as w
        where o.id = _renumber_messages.outbox_id
    ), message as (
      select m.tableoid as part, m.ctid as place, m.id, m.xid, w.stored > w.written as is_foreign,
             w.stored >= 256 and w.stored <= w.written
               and (w.stored = w.written or w.written <> all (copied_by)) as may_be_own
        from tide.message m, lateral (
          select m.xid::text::bigint as stored, tide._full_xid(m.xmin, horizon) as written
        ) as w
        where m.outbox_id = _renumber_messages.outbox_id
    ), judged as materialized (
      select m.part, m.place, array(
          select r.group_id from reader r
            where case when r.is_foreign then m.may_be_own else m.is_foreign end
              or not pg_visible_in_snapshot(m.xid, r.done)
                 and (r.page is null or m.id > r.last_id or not pg_visible_in_snapshot(m.xid, r.page))
            order by r.group_id) as missed_by
        from message m
    ), numbered as materialized (
      select j.missed_by, count(*) as messages,
             2 + row_number() over (order by j.missed_by) + (min(j.missed_by) over () <> '{}')::int as new_xid
        from judged j group by j.missed_by
    ), renumbered as (
      update tide.message m set xid = n.new_xid::text::xid8
        from judged j join numbered n on n.missed_by = j.missed_by
        where m.outbox_id = _renumber_messages.outbox_id and m.tableoid = j.part and m.ctid = j.place
    )
    select r.group_id, coalesce(array_agg(n.new_xid) filter (where n.new_xid is not null), '{}'),
           coalesce(sum(n.messages), 0)::bigint
      from reader r left join numbered n on r.group_id = any (n.missed_by)
      group by r.group_id;
  if exists (select from tide.message m where m.outbox_id = _renumber_messages.outbox_id and m.xid >= '256') then
    raise exception 'the consumer groups of outbox "%" miss too many different sets of messages',
      (select o.name from tide.outbox o where o.id = _renumber_messages.outbox_id)
      using errcode = 'program_limit_exceeded',
        hint = 'Drop consumer groups that nobody uses any more with tide.consumer_group_drop(), and try again.';
  end if;
end $$;

--
-- Name: FUNCTION _renumber_messages(outbox_id integer, horizon bigint); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._renumber_messages(outbox_id integer, horizon bigint) IS 'Gives each message of an outbox one of the oldest transaction ids: 3 if every consumer group has it, else the one that stands for the groups that miss it. Returns for each group those of what it misses. The caller has locked the tables.';

--
-- Name: _report_state(integer, text, text, text, timestamp with time zone, uuid); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._report_state(pipeline_id integer, state text, reason text DEFAULT NULL::text, hint text DEFAULT NULL::text, next_try timestamp with time zone DEFAULT NULL::timestamp with time zone, epoch uuid DEFAULT NULL::uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  its_group int;
begin
  perform set_config('lock_timeout', '1s', true);
  select p.group_id into its_group from tide.pipeline p where p.id = _report_state.pipeline_id;
  if epoch is null then
    if exists (select from tide._owners() as o where o.group_id = its_group) then
      return false;
    end if;
  else
    perform from tide.position p
      where p.group_id = its_group and p.epoch = _report_state.epoch for no key update;
    if not found or not tide._lease_held(its_group, epoch) then
      return false;
    end if;
  end if;
  -- The lock keeps a pipeline that is being deleted from turning into a foreign key's error.
  perform from tide.pipeline p
    where p.id = _report_state.pipeline_id and p.group_id = its_group for key share;
  if not found then
    return false;
  end if;
  insert into tide.pipeline_state as s (pipeline_id, state, reason, hint, next_try)
    values (_report_state.pipeline_id, _report_state.state, _report_state.reason, _report_state.hint, _report_state.next_try)
    on conflict on constraint pipeline_state_pkey do update
      set state = excluded.state, reason = excluded.reason, hint = excluded.hint, next_try = excluded.next_try,
          since = case when (s.state, s.reason) is distinct from (excluded.state, excluded.reason)
            then clock_timestamp() else s.since end
      where (s.state, s.reason, s.hint, s.next_try)
        is distinct from (excluded.state, excluded.reason, excluded.hint, excluded.next_try);
  return true;
end $$;

--
-- Name: FUNCTION _report_state(pipeline_id integer, state text, reason text, hint text, next_try timestamp with time zone, epoch uuid); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._report_state(pipeline_id integer, state text, reason text, hint text, next_try timestamp with time zone, epoch uuid) IS 'What the relay says of a pipeline that it holds under this epoch, or that nobody holds (null); false, and nothing written, when it is another''s or gone. Writes nothing when it says the same as before.';

--
-- Name: _require_read_committed(); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._require_read_committed() RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'this function must run at isolation level READ COMMITTED, not %',
      upper(current_setting('transaction_isolation'))
      using errcode = 'TD003',
        hint = 'Begin the transaction with "BEGIN ISOLATION LEVEL READ COMMITTED", whatever the role''s default is.';
  end if;
end $$;

--
-- Name: FUNCTION _require_read_committed(); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._require_read_committed() IS 'Raises TD003 in any other isolation level: an older snapshot would hide messages, a serializable one would abort publishers.';

--
-- Name: _restart_users_of_secret(text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._restart_users_of_secret(name text) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  pipeline text;
begin
  for pipeline in
    update tide.pipeline p set revision = p.revision + 1
      where p.name in (select u.pipeline from tide._secret_users() u where u.secret = _restart_users_of_secret.name)
      returning p.name
  loop
    perform pg_notify('tide_config', pipeline);
  end loop;
end $$;

--
-- Name: FUNCTION _restart_users_of_secret(name text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._restart_users_of_secret(name text) IS 'Has every pipeline start anew that refers to a secret, and no other.';

--
-- Name: _retained(integer, integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._retained(outbox_id integer, at_most integer, OUT retained bigint, OUT is_estimate boolean) RETURNS record
    LANGUAGE plpgsql STABLE
    AS $$
begin
  select count(*) into retained
    from (select from tide.message m where m.outbox_id = _retained.outbox_id limit at_most::bigint + 1) as counted;
  is_estimate := retained > at_most;
  if is_estimate then
    retained := greatest(retained, tide._retained_estimate(outbox_id));
  end if;
end $$;

--
-- Name: FUNCTION _retained(outbox_id integer, at_most integer, OUT retained bigint, OUT is_estimate boolean); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._retained(outbox_id integer, at_most integer, OUT retained bigint, OUT is_estimate boolean) IS 'How many messages an outbox keeps: exact up to at_most, then an estimate.';

--
-- Name: _retained_estimate(integer, bigint); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._retained_estimate(outbox_id integer, from_id bigint DEFAULT NULL::bigint) RETURNS bigint
    LANGUAGE plpgsql STABLE
    AS $$
declare
  retained numeric;
  lowest   bigint;
  highest  bigint;
begin
  -- The density that the last ANALYZE found, at the present size; before the first one what the
  -- statistics count, which a crash empties, but at least a message a page.
  select sum(case when c.relpages > 0 then c.reltuples / c.relpages * size.pages
                  else greatest(pg_catalog.pg_stat_get_live_tuples(c.oid), size.pages) end) into retained
    from pg_catalog.pg_partition_tree(format('tide.message_%s', outbox_id)::regclass) as t
      join pg_catalog.pg_class c on c.oid = t.relid,
      lateral (select pg_catalog.pg_relation_size(c.oid) / current_setting('block_size')::int) as size (pages)
    where t.isleaf;
  if from_id is not null then
    select min(m.id), max(m.id) into lowest, highest from tide.message m
      where m.outbox_id = _retained_estimate.outbox_id;
    retained := retained * (highest - from_id + 1) / (highest - lowest + 1);
  end if;
  return retained::bigint;
end $$;

--
-- Name: FUNCTION _retained_estimate(outbox_id integer, from_id bigint); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._retained_estimate(outbox_id integer, from_id bigint) IS 'About how many messages an outbox keeps, or how many of them have from_id or a later id.';

--
-- Name: _retention_held_by(integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._retention_held_by(outbox_id integer) RETURNS text
    LANGUAGE sql STABLE
    AS $_$
  with expired as (
    select s.slot
      from tide.outbox o, generate_series(0, o.slots - 1) as s (slot)
      where o.id = $1 and s.slot <> o.current_slot and tide._slot_is_expired(o.id, s.slot::int2)
  ), readers as (
    select string_agg(distinct format('consumer group "%s"', g.name), ', ') as names
      from expired e, tide.consumer_group g join tide.position p on p.group_id = g.id
      where g.outbox_id = $1
        and (p.seek_request is not null or (select w.pending > 0 from tide._pending(g.id, 0, e.slot) as w))
  )
  select coalesce(r.names, (
    select string_agg(distinct tide._sessions_using(format('tide.message_%s_%s', $1, e.slot)::regclass), ', ') from expired e))
  from readers r
$_$;

--
-- Name: FUNCTION _retention_held_by(outbox_id integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._retention_held_by(outbox_id integer) IS 'Who keeps messages that have expired from being let go: consumer groups that have yet to deliver them, or else sessions that use their slot; null when nobody does.';

--
-- Name: _retries(integer, uuid, integer, bigint); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._retries(group_id integer, epoch uuid, max_messages integer, max_bytes bigint) RETURNS TABLE(id bigint, source text, op text, key text, dedup_key text, headers text, payload bytea, is_json boolean, before bytea, published_at_us bigint, bytes_so_far bigint, snapshot text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET max_parallel_workers_per_gather TO '0'
    SET jit TO 'off'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    SET enable_incremental_sort TO 'off'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
#variable_conflict use_column
declare
  of_pipeline int := (select l.id from tide.pipeline l where l.group_id = _retries.group_id);
begin
  perform tide._require_read_committed();
  return query
    select null::bigint, null::text, null::text, null::text, null::text, null::text, null::bytea,
           null::boolean, null::bytea, null::bigint, 0::bigint,
           case when tide._lease_held(_retries.group_id, _retries.epoch)
             then pg_current_snapshot()::text else tide._lease_lost(_retries.group_id) end;
  return query
    with asked as materialized (
      select d.id from tide.dead_letter d
        where d.pipeline_id between of_pipeline and of_pipeline and d.state = 'retrying'
          and (
            not d.parks_key or (
              select w.id from tide.dead_letter w
              where w.pipeline_id = d.pipeline_id and w.key_hash >= d.key_hash and (w.key_hash, w.id) < (d.key_hash, d.id)
                and w.key = d.key and w.parks_key and w.state = 'waiting'
              order by w.key_hash, w.id
              limit 1) is null)
        order by d.pipeline_id, d.id
        limit _retries.max_messages
    ), span as materialized (
      select min(a.id) as first_id,
             case when count(*) < _retries.max_messages then 9223372036854775807 else max(a.id) end as last_id
        from asked a
    ), going as materialized (
      select a.id from asked a
      union all
      select b.id from span s
        cross join lateral (
          select d.id from tide.dead_letter d
            where (d.pipeline_id, d.id) >= (of_pipeline, s.first_id) and (d.pipeline_id, d.id) <= (of_pipeline, s.last_id)
              and d.state = 'parked'
              and (
                select w.id from tide.dead_letter w
                where w.pipeline_id = d.pipeline_id and w.key_hash >= d.key_hash and (w.key_hash, w.id) < (d.key_hash, d.id)
                  and w.key = d.key and w.parks_key and w.state = 'waiting'
                order by w.key_hash, w.id
                limit 1) is null
            order by d.pipeline_id, d.id
            limit _retries.max_messages
        ) as b
    )
    select w.message_id, w.source, w.op, w.key, w.dedup_key, w.headers::text,
           coalesce(w.payload_bytes, convert_to(w.payload::text, 'UTF8')), w.payload_bytes is null,
           convert_to(w.before::text, 'UTF8'), (date_part('epoch', w.published_at) * 1000000)::bigint,
           w.bytes_so_far, null::text
      from (
        select p.*, sum(p.size) over (order by p.id rows unbounded preceding)::bigint as bytes_so_far
          from (select g.id from going g order by g.id limit _retries.max_messages) as n
            cross join lateral (
              select d.*, tide._message_size(d.key, d.dedup_key, d.headers, d.payload, d.payload_bytes, d.before) as size
                from tide.dead_letter d where d.id = n.id
                limit 1
            ) as p
      ) as w
      where w.bytes_so_far - w.size < _retries.max_bytes
      order by w.id;
end $$;

--
-- Name: FUNCTION _retries(group_id integer, epoch uuid, max_messages integer, max_bytes bigint); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._retries(group_id integer, epoch uuid, max_messages integer, max_bytes bigint) IS 'The dead letters to be tried again now, in order and in the form of tide._open_window: those marked so, and of chains all up to the first that waits. Raises TD001 without a valid lease.';

--
-- Name: _ring_is_due(integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._ring_is_due(outbox_id integer) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
declare
  ring tide.outbox;
begin
  select o.* into ring from tide.outbox o where o.id = outbox_id;
  -- At most once in retention / (slots - 1): faster, the ring would run through its empty slots
  -- and pile everything that is still awaited into one.
  return not (clock_timestamp() < ring.slot_since + make_interval(secs => (ring.retention_hours * 3600 / (ring.slots - 1))::float8)
    or not tide._slot_has_rows(outbox_id, ring.current_slot)
    or tide._slot_has_rows(outbox_id, ((ring.current_slot + 1) % ring.slots)::int2));
end $$;

--
-- Name: FUNCTION _ring_is_due(outbox_id integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._ring_is_due(outbox_id integer) IS 'Whether publishers should move on to the next slot: the current one holds messages and is old enough, and the next one is empty.';

--
-- Name: _routing_member_problems(text, text, jsonb); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._routing_member_problems(path text, name text, value jsonb) RETURNS SETOF text
    LANGUAGE plpgsql STABLE
    AS $$
declare
  members constant text[] := '{when,match_field,match_value,topic,message_key}';
  read text := tide._option_value('text', value) #>> '{}';
  near text;
begin
  if name <> all (members) then
    near := tide._nearest(name, members);
    return next path || '.' || tide._shown_name(name) || ': unknown option'
      || coalesce('; did you mean "' || near || '"?', '');
  elsif read is null then
    return next format('%s.%s: must be a string, not %s', path, name, tide._shown(value));
  else
    return query select format('%s.%s: %s', path, name, p) from (
      select tide._text_problems('jmespath', read) where name = 'when'
      union all
      select tide._variable_problems(read) where name = 'match_field'
      union all
      select tide._topic_template_problems(read) where name = 'topic'
      union all
      select tide._key_template_problems(read) where name = 'message_key'
    ) as problems (p);
  end if;
end $$;

--
-- Name: FUNCTION _routing_member_problems(path text, name text, value jsonb); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._routing_member_problems(path text, name text, value jsonb) IS 'What is wrong with one member of a routing rule.';

--
-- Name: _routing_rule_problems(text, jsonb); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._routing_rule_problems(path text, rule jsonb) RETURNS SETOF text
    LANGUAGE plpgsql STABLE
    AS $$
declare
  by_when  boolean := coalesce(rule -> 'when', 'null') <> 'null';
  by_field boolean := coalesce(rule -> 'match_field', 'null') <> 'null';
  by_value boolean := coalesce(rule -> 'match_value', 'null') <> 'null';
begin
  if jsonb_typeof(rule) <> 'object' then
    return next path || ': must be an object, not ' || tide._shown(rule);
    return;
  end if;
  return query select tide._routing_member_problems(path, m.key, m.value)
    from jsonb_each(rule) as m
    where m.value <> 'null' or m.key not in ('when', 'match_field', 'match_value', 'topic', 'message_key');
  if coalesce(rule -> 'topic', 'null') = 'null' then
    return next path || '.topic: required';
  end if;
  if by_when and (by_field or by_value) then
    return next path || ': when conflicts with match_field and match_value; a rule has one condition';
  elsif not (by_when or by_field and by_value) then
    return next path || ': needs a condition: when, or match_field and match_value';
  end if;
end $$;

--
-- Name: FUNCTION _routing_rule_problems(path text, rule jsonb); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._routing_rule_problems(path text, rule jsonb) IS 'What is wrong with one routing rule; path names it.';

--
-- Name: _routing_rules_problems(text, jsonb); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._routing_rules_problems(path text, rules jsonb) RETURNS SETOF text
    LANGUAGE sql STABLE
    AS $$
  select format('%s: must have at most 100 rules, not %s', path, jsonb_array_length(rules))
  where jsonb_array_length(rules) > 100
  union all
  select tide._routing_rule_problems(format('%s[%s]', path, r.place - 1), r.rule)
  from jsonb_array_elements(rules) with ordinality as r (rule, place)
  where jsonb_array_length(rules) <= 100
$$;

--
-- Name: FUNCTION _routing_rules_problems(path text, rules jsonb); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._routing_rules_problems(path text, rules jsonb) IS 'What is wrong with an array of routing rules; path names it.';

--
-- Name: _rule_holds(jsonb, jsonb, boolean); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._rule_holds(among jsonb, value jsonb, given boolean) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
  select case when among is null then given
    when tide._is_reference(value) then null
    else coalesce(among @> value, false) end
$$;

--
-- Name: FUNCTION _rule_holds(among jsonb, value jsonb, given boolean); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._rule_holds(among jsonb, value jsonb, given boolean) IS 'Whether a value is one of an array, or given where there is no array; null where it is a reference and nobody knows.';

--
-- Name: option_rule; Type: TABLE; Schema: tide; Owner: -
--

CREATE TABLE tide.option_rule (
    kind text NOT NULL,
    option text NOT NULL,
    value jsonb,
    other text NOT NULL,
    message text NOT NULL,
    hint text,
    CONSTRAINT option_rule_kind_check CHECK ((kind = ANY (ARRAY['conflict'::text, 'requirement'::text, 'warning'::text])))
);

--
-- Name: TABLE option_rule; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON TABLE tide.option_rule IS 'What options demand of each other; generated like tide.option.';

--
-- Name: _rule_is_broken(tide.option_rule, jsonb, boolean, jsonb, boolean); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._rule_is_broken(rule tide.option_rule, value jsonb, value_given boolean, other jsonb, other_given boolean) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
  select coalesce(
    case when rule.value ? 'unset' then not value_given
      else tide._rule_holds(rule.value -> 'when', value, value_given) end
    and (case
        when not rule.value ?| array['at_most', 'above'] then
          tide._rule_holds(rule.value -> 'other', other, other_given)
        when tide._is_reference(value) or tide._is_reference(other) then null
        when rule.value ? 'above' then coalesce(other > rule.value -> 'above', false)
        else coalesce(value <= other, true)
      end) = (rule.kind <> 'requirement'),
    false)
$$;

--
-- Name: FUNCTION _rule_is_broken(rule tide.option_rule, value jsonb, value_given boolean, other jsonb, other_given boolean); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._rule_is_broken(rule tide.option_rule, value jsonb, value_given boolean, other jsonb, other_given boolean) IS 'Whether the values of two options, defaults included, break a rule for certain: a conflict or a warning where both sides hold, a requirement where only the first does.';

--
-- Name: _schema_problems(text, jsonb); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._schema_problems(path text, schema jsonb) RETURNS SETOF text
    LANGUAGE sql STABLE
    AS $$
  select path || ': must not be empty'
  where jsonb_typeof(schema) = 'string' and btrim(schema #>> '{}', E' \t\n\r') = ''
  union all
  select path || '.subject: must be the name of a subject of the registry'
  where jsonb_typeof(schema) = 'object' and schema - '{subject,version}'::text[] = '{}'
    and (coalesce(schema ->> 'subject', '') = '' or jsonb_typeof(schema -> 'subject') <> 'string')
  union all
  select path || '.version: must be the number of a version, or latest'
  where jsonb_typeof(schema) = 'object' and schema - '{subject,version}'::text[] = '{}'
    and schema ? 'version' and schema -> 'version' <> '"latest"'
    and coalesce((tide._option_value('integer', schema -> 'version') #>> '{}')::int8, 0) not between 1 and 999999999
$$;

--
-- Name: FUNCTION _schema_problems(path text, schema jsonb); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._schema_problems(path text, schema jsonb) IS 'What is wrong with a schema: with its text, or with what names a version in the registry.';

--
-- Name: _secret_users(); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._secret_users() RETURNS TABLE(secret text, pipeline text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select s.secret, p.name from tide.pipeline p, lateral tide._secrets_in(p.config) as s (secret)
$$;

--
-- Name: FUNCTION _secret_users(); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._secret_users() IS 'Which pipeline refers to which secret, stored or not.';

--
-- Name: _secrets_in(jsonb); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._secrets_in(config jsonb) RETURNS SETOF text
    LANGUAGE sql STABLE
    AS $_$
  select distinct piece[1]
    from tide._config_given(config) g join tide.option o on o.name = g.option and o.reference,
      lateral regexp_matches(g.value #>> '{}', '\$\{secret:([A-Za-z0-9_.-]{1,200})\}', 'g') as piece
    order by 1
$_$;

--
-- Name: FUNCTION _secrets_in(config jsonb); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._secrets_in(config jsonb) IS 'The secrets that a configuration refers to where references are resolved.';

--
-- Name: _sessions_using(regclass); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._sessions_using(ring regclass) RETURNS text
    LANGUAGE sql
    AS $$
  select string_agg(distinct
      case when l.pid is null then 'a prepared transaction'
           else concat('session ', l.pid, ' (' || nullif(a.application_name, '') || ')') end, ', ')
    from pg_catalog.pg_partition_tree(ring) as t
      join pg_catalog.pg_locks l on l.relation = t.relid and l.locktype = 'relation' and l.granted
      left join pg_catalog.pg_stat_activity a on a.pid = l.pid
    where l.database = (select d.oid from pg_catalog.pg_database d where d.datname = current_database())
      and l.pid is distinct from pg_backend_pid()
$$;

--
-- Name: FUNCTION _sessions_using(ring regclass); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._sessions_using(ring regclass) IS 'Who else holds a lock on a table or on one of its partitions: its pid and application name; null when nobody does.';

--
-- Name: _set_outbox_enabled(text, boolean); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._set_outbox_enabled(outbox text, enabled boolean) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  outbox_id int := tide._existing_outbox(outbox);
begin
  perform tide._refuse_foreign_outbox(outbox_id);
  update tide.outbox o set enabled = _set_outbox_enabled.enabled
    where o.id = outbox_id and o.enabled <> _set_outbox_enabled.enabled;
  if found then
    perform tide._stamp_outbox(outbox_id);
  end if;
end $$;

--
-- Name: FUNCTION _set_outbox_enabled(outbox text, enabled boolean); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._set_outbox_enabled(outbox text, enabled boolean) IS 'What tide.outbox_enable and tide.outbox_disable share.';

--
-- Name: _settle(integer, uuid, bigint); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._settle(group_id integer, epoch uuid, up_to bigint, OUT row_ctid tid, OUT done pg_snapshot, OUT page pg_snapshot, OUT last_id bigint) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '1s'
    AS $$
declare
  committed bigint;
begin
  perform tide._hold_position(group_id, epoch);
  select p.ctid into row_ctid from tide.position p where p.group_id = _settle.group_id;
  for committed in
    select i.number from tide.position p, tide._kept_intents(p.group_id, p.number) as i
      where p.group_id = _settle.group_id and i.number <= up_to
  loop
    select c.row_ctid into row_ctid from tide._confirm(group_id, epoch, row_ctid, committed) as c;
  end loop;
  delete from tide.intent i
    where i.group_id = _settle.group_id
      and i.number > (select p.number from tide.position p where p.group_id = _settle.group_id);
  perform tide._apply_seek(group_id);
  perform set_config('synchronous_commit', 'on', true);
  select p.ctid, p.done, p.page, p.last_id into row_ctid, done, page, last_id
    from tide.position p where p.group_id = _settle.group_id;
end $$;

--
-- Name: FUNCTION _settle(group_id integer, epoch uuid, up_to bigint, OUT row_ctid tid, OUT done pg_snapshot, OUT page pg_snapshot, OUT last_id bigint); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._settle(group_id integer, epoch uuid, up_to bigint, OUT row_ctid tid, OUT done pg_snapshot, OUT page pg_snapshot, OUT last_id bigint) IS 'Ends what a relay left open: confirms the intents of a group up to a number, discards the others, then applies a seek that was asked for; returns where to read on. Raises TD001 without the lease.';

--
-- Name: _shown(jsonb); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._shown(value jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
  select case coalesce(jsonb_typeof(value), 'null')
    when 'object' then 'an object'
    when 'array' then 'an array'
    when 'null' then 'null'
    else case when length(value::text) > 60 then left(value::text, 57) || '...' else value::text end
  end
$$;

--
-- Name: FUNCTION _shown(value jsonb); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._shown(value jsonb) IS 'How a value appears in a sentence: a scalar as it is in JSON, cut when long; anything else by its kind.';

--
-- Name: _shown_name(text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._shown_name(name text) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $_$
  select case when name ~ '^[A-Za-z0-9_.-]{1,60}$' then name else tide._shown(to_jsonb(name)) end
$_$;

--
-- Name: FUNCTION _shown_name(name text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._shown_name(name text) IS 'How a name appears in a sentence: as it is where it is plain, else as a string.';

--
-- Name: _slot_has_rows(integer, smallint); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._slot_has_rows(outbox_id integer, slot smallint) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
declare
  has_rows boolean;
begin
  execute format('select exists (select from tide.message_%s_%s)', outbox_id, slot) into has_rows;
  return has_rows;
end $$;

--
-- Name: FUNCTION _slot_has_rows(outbox_id integer, slot smallint); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._slot_has_rows(outbox_id integer, slot smallint) IS 'Whether a slot holds messages.';

--
-- Name: _slot_is_awaited(integer, smallint); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._slot_is_awaited(outbox_id integer, slot smallint) RETURNS boolean
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
declare
  reader tide.position;
begin
  for reader in
    select p.* from tide.position p join tide.consumer_group g on g.id = p.group_id
    where g.outbox_id = _slot_is_awaited.outbox_id
  loop
    if exists (
      select from tide.message m
      where m.outbox_id = _slot_is_awaited.outbox_id and m.slot = _slot_is_awaited.slot
        and (m.xid >= pg_snapshot_xmax(reader.done) or m.xid = any (array(select pg_snapshot_xip(reader.done))))
        and (reader.page is null or m.id > reader.last_id or not pg_visible_in_snapshot(m.xid, reader.page))
    ) or reader.seek_request is not null then
      return true;
    end if;
  end loop;
  return false;
end $$;

--
-- Name: FUNCTION _slot_is_awaited(outbox_id integer, slot smallint); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._slot_is_awaited(outbox_id integer, slot smallint) IS 'Whether a consumer group has yet to deliver a message of a slot, or was asked to seek and may want it again.';

--
-- Name: _slot_is_expired(integer, smallint); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._slot_is_expired(outbox_id integer, slot smallint) RETURNS boolean
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
declare
  expired boolean;
begin
  select newest.published_at <= clock_timestamp() - make_interval(secs => (o.retention_hours * 3600)::float8)
    into expired
    from tide.outbox o,
      lateral (
        select m.published_at from tide.message m
        where m.outbox_id = _slot_is_expired.outbox_id and m.slot = _slot_is_expired.slot
        order by m.id desc limit 1
      ) as newest
    where o.id = _slot_is_expired.outbox_id;
  return coalesce(expired, false);
end $$;

--
-- Name: FUNCTION _slot_is_expired(outbox_id integer, slot smallint); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._slot_is_expired(outbox_id integer, slot smallint) IS 'Whether a slot holds messages, the newest of them older than the outbox retains.';

--
-- Name: _slot_is_over(integer, smallint); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._slot_is_over(outbox_id integer, slot smallint) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
begin
  return tide._slot_is_expired(outbox_id, slot) and not tide._slot_is_awaited(outbox_id, slot);
end $$;

--
-- Name: FUNCTION _slot_is_over(outbox_id integer, slot smallint); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._slot_is_over(outbox_id integer, slot smallint) IS 'Whether a slot holds messages, all of them expired and delivered to every consumer group.';

--
-- Name: _stamp_outbox(integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._stamp_outbox(outbox_id integer) RETURNS void
    LANGUAGE sql
    AS $$
  update tide.outbox o set writer_xmin = o.xmin where o.id = outbox_id;
$$;

--
-- Name: FUNCTION _stamp_outbox(outbox_id integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._stamp_outbox(outbox_id integer) IS 'Stores an outbox row''s own xmin in it; called right after every write of the row, in the same subtransaction.';

--
-- Name: _stamp_position(integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._stamp_position(group_id integer) RETURNS void
    LANGUAGE sql
    AS $$
  update tide.position p set writer_xmin = p.xmin where p.group_id = _stamp_position.group_id;
$$;

--
-- Name: FUNCTION _stamp_position(group_id integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._stamp_position(group_id integer) IS 'Stores a position row''s own xmin in it; called right after every write of the row, in the same subtransaction.';

--
-- Name: _start_from_problems(text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._start_from_problems(start_from text) RETURNS SETOF text
    LANGUAGE sql IMMUTABLE
    AS $_$
  select format('must be earliest, latest, a message id or a timestamp like 2026-01-31T12:00:00Z, not %s',
    tide._shown(to_jsonb(start_from)))
  where not case
    when start_from ~ ('^[1-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])'
        '([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?'
        '(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)?)?$') then
      substr(start_from, 9, 2)::int <= extract(day from
        make_date(left(start_from, 4)::int, substr(start_from, 6, 2)::int, 1) + interval '1 month - 1 day')
    else start_from ~ '^(earliest|latest|[0-9]{1,18})$'
    end
$_$;

--
-- Name: FUNCTION _start_from_problems(start_from text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._start_from_problems(start_from text) IS 'What is wrong with where a consumer group is to start.';

--
-- Name: _storage(); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._storage() RETURNS TABLE(outbox text, retained bigint, slots_waiting integer)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select o.name, r.retained,
         (select count(*)::int from generate_series(0, o.slots - 1) as s (slot)
           where s.slot <> o.current_slot
             and tide._slot_is_expired(o.id, s.slot::int2) and tide._slot_is_awaited(o.id, s.slot::int2))
    from tide.outbox o cross join lateral tide._retained(o.id, 10000) as r
    order by o.id
$$;

--
-- Name: FUNCTION _storage(); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._storage() IS 'What each outbox holds: messages (above 10,000 an estimate), and expired slots that a consumer group still holds up.';

--
-- Name: _stored_secrets(text[]); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._stored_secrets(names text[]) RETURNS TABLE(name text, key_id text, ciphertext bytea)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select s.name, s.key_id, s.ciphertext from tide.secret s where names is null or s.name = any (names) order by s.name
$$;

--
-- Name: FUNCTION _stored_secrets(names text[]); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._stored_secrets(names text[]) IS 'Secrets of these names, encrypted; all of them for null.';

--
-- Name: _sweep(integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._sweep(outbox_id integer) RETURNS integer
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ select tide.outbox_sweep(o.name) from tide.outbox o where o.id = outbox_id $$;

--
-- Name: FUNCTION _sweep(outbox_id integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._sweep(outbox_id integer) IS 'Sweeps one outbox, if it is still there.';

--
-- Name: _sweep_dead_letters(); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._sweep_dead_letters() RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    SET enable_incremental_sort TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
declare
  running  int[]  := array(select o.group_id from tide._owners() as o);
  swept    bigint := 0;
  deleted  bigint;
  pipeline record;
  expiry   timestamptz;
begin
  for pipeline in
    select l.id, (tide._config_value(l.config, 'dead_letter.retention_days') #>> '{}')::int as days,
           l.group_id = any (running) as runs
      from tide.pipeline l
      where (select d.id from tide.dead_letter d where d.pipeline_id = l.id and d.state = 'parked' limit 1) is not null
        or (
          select d.id from tide.dead_letter d
          where d.pipeline_id = l.id and d.state in ('delivered', 'filtered', 'discarded')
          limit 1) is not null
      order by l.id
  loop
    perform tide._free_orphans(pipeline.id);
    expiry := clock_timestamp() - make_interval(days => pipeline.days);
    delete from tide.dead_letter d
      where d.id = any (array(
        select e.id from tide.dead_letter e
          where e.pipeline_id = pipeline.id and e.state in ('delivered', 'filtered', 'discarded')
            and e.resolved_at <= expiry
            -- The relay may be trying it at this moment, and then asks what became of it.
            and not (e.state = 'discarded' and (
              pipeline.runs and e.resolved_at > clock_timestamp() - interval '1 hour'
              or e.parks_key and e.key_hash in (
                select u.key_hash from tide.dead_letter u
                  where u.pipeline_id = pipeline.id and u.parks_key and u.state in ('waiting', 'parked', 'retrying'))))
          order by e.resolved_at
          limit 10000 - swept));
    get diagnostics deleted = row_count;
    swept := swept + deleted;
  end loop;
  return swept;
end $$;

--
-- Name: FUNCTION _sweep_dead_letters(); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._sweep_dead_letters() IS 'Deletes what was delivered, filtered or discarded longer than its pipeline''s dead_letter.retention_days ago, up to 10,000 in a call, and returns how many.';

--
-- Name: _take_over(integer, uuid); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._take_over(group_id integer, relay_id uuid) RETURNS TABLE(epoch uuid, row_ctid tid, done pg_snapshot, page pg_snapshot, last_id bigint, crashes integer, attempt_id bigint, number bigint, token uuid, transactional_id text, brokers text[], confirmed_age double precision, installation uuid)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
  drawn     bigint := tide._next_floor();  -- before anything here draws an xid
  new_epoch uuid := gen_random_uuid();
  old       tide.position;
  crashed   boolean;
begin
  perform tide._require_read_committed();
  perform set_config('synchronous_commit', 'on', true);
  if not tide._lock_held(_take_over.group_id) then
    perform tide._lease_lost(_take_over.group_id);
  end if;
  select p.* into old from tide.position p where p.group_id = _take_over.group_id for no key update;
  if not found then
    perform tide._lease_lost(_take_over.group_id);
  end if;
  perform tide._refuse_foreign_position(_take_over.group_id);
  -- Who gives a group back ends its lease first.
  crashed := exists (
    select from tide.lease l
    where l.group_id = _take_over.group_id and l.epoch = old.epoch and l.writer_xmin = l.xmin
      and l.relay_id <> _take_over.relay_id
      and not exists (select from tide._live_relays() as r where r.id = l.relay_id));
  -- A floor on its way is replaced by one drawn now: the first window may be large, and whoever goes
  -- on after it shall not walk over it once more.
  update tide.position p
    set epoch = new_epoch, crashes = p.crashes + crashed::int,
        floor_id = case when p.next_floor_xid < pg_snapshot_xmin(p.done) then p.next_floor_id else p.floor_id end,
        next_floor_id = coalesce(drawn, p.next_floor_id),
        next_floor_xid = case when drawn is null then p.next_floor_xid else pg_current_xact_id() end
    where p.group_id = _take_over.group_id;
  if not exists (select from tide._kept_intents(_take_over.group_id, old.number)) then
    perform tide._apply_seek(_take_over.group_id);
  end if;
  perform tide._stamp_position(_take_over.group_id);
  insert into tide.lease as l (group_id, epoch, relay_id)
    values (_take_over.group_id, new_epoch, _take_over.relay_id)
    on conflict on constraint lease_pkey do update set epoch = excluded.epoch, relay_id = excluded.relay_id;
  update tide.lease l set writer_xmin = l.xmin where l.group_id = _take_over.group_id;
  return query
    select p.epoch, p.ctid, p.done, p.page, p.last_id, p.crashes, p.attempt_id, p.number, p.token,
           p.transactional_id, p.brokers, date_part('epoch', clock_timestamp() - p.confirmed_at),
           (select n.id from tide.installation n)
      from tide.position p where p.group_id = _take_over.group_id;
end $$;

--
-- Name: FUNCTION _take_over(group_id integer, relay_id uuid); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._take_over(group_id integer, relay_id uuid) IS 'Makes the calling relay the one that runs a group, under a new random epoch, and returns the position to read on from, and the last Kafka transaction that is known to be committed. A seek that was asked for is applied, unless intents are kept: then tide._settle does that. A predecessor that ended without giving the group back counts as a crash. Must run on the connection that holds the group''s lock.';

--
-- Name: _target_problem(text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._target_problem(target text) RETURNS text
    LANGUAGE plpgsql STABLE
    AS $_$
begin
  if target is null then
    return 'must not be null';
  elsif lower(btrim(target)) in ('earliest', 'latest') then
    return null;
  elsif btrim(target) ~ '^[0-9]+$' then
    return case when btrim(target)::numeric > 9223372036854775807 then format('is not a message id: %s', target) end;
  end if;
  perform target::timestamptz;
  return null;
exception
  when data_exception then
    return format('must be earliest, latest, a message id or a timestamp, not "%s"', target);
end $_$;

--
-- Name: FUNCTION _target_problem(target text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._target_problem(target text) IS 'What is wrong with a place to start from or to seek to; null when nothing is.';

--
-- Name: _tell_partitions(integer[], text[], integer[], bigint[], double precision[], timestamp with time zone[]); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._tell_partitions(pipeline_ids integer[], topics text[], partitions integer[], last_offsets bigint[], rates double precision[], produced_at timestamp with time zone[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '1s'
    AS $$
begin
  -- The lock keeps a pipeline that is being deleted from turning into a foreign key's error.
  with there as materialized (
    select p.id from tide.pipeline p where p.id = any (pipeline_ids) order by p.id for key share skip locked
  )
  insert into tide.partition_arrival as s (pipeline_id, topic, partition, last_offset, records_per_second, last_produced_at)
    select told.id, told.topic, told.partition, told.last_offset, told.rate, told.at
      from unnest(pipeline_ids, topics, partitions, last_offsets, rates, produced_at)
        as told (id, topic, partition, last_offset, rate, at)
      where told.id in (select t.id from there t)
      order by told.id, told.topic, told.partition
    on conflict on constraint partition_arrival_pkey do update
      set last_offset = coalesce(excluded.last_offset, s.last_offset),
          records_per_second = excluded.records_per_second,
          last_produced_at = excluded.last_produced_at
      where s.last_produced_at <= excluded.last_produced_at;
  -- Now and then: topics may come from messages, and be forgotten by them.
  if random() < 0.01 then
    delete from tide.partition_arrival s
      where s.pipeline_id = any (pipeline_ids) and s.last_produced_at < clock_timestamp() - interval '30 days';
  end if;
end $$;

--
-- Name: FUNCTION _tell_partitions(pipeline_ids integer[], topics text[], partitions integer[], last_offsets bigint[], rates double precision[], produced_at timestamp with time zone[]); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._tell_partitions(pipeline_ids integer[], topics text[], partitions integer[], last_offsets bigint[], rates double precision[], produced_at timestamp with time zone[]) IS 'Takes down what partitions got from pipelines of this relay, each with its last offset, the rate since it was told before, and when; what was told of a later time stays.';

--
-- Name: _tell_relay(integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._tell_relay(pipeline_id integer) RETURNS void
    LANGUAGE sql
    AS $_$ select pg_notify('tide_config', l.name) from tide.pipeline l where l.id = $1 $_$;

--
-- Name: FUNCTION _tell_relay(pipeline_id integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._tell_relay(pipeline_id integer) IS 'Lets the relay look at a pipeline at once.';

--
-- Name: _template_pieces(text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._template_pieces(template text) RETURNS TABLE(place integer, piece text)
    LANGUAGE sql IMMUTABLE
    AS $$
  select 1 + coalesce(sum(length(m.piece[1])) over before, 0)::int, m.piece[1]
  from regexp_matches(template, '\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+', 'g') with ordinality as m (piece, n)
  window before as (order by m.n rows between unbounded preceding and 1 preceding)
$$;

--
-- Name: FUNCTION _template_pieces(template text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._template_pieces(template text) IS 'A template cut into variables, braces and what is between them, each with its place from 1.';

--
-- Name: _template_problems(text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._template_problems(template text) RETURNS SETOF text
    LANGUAGE sql IMMUTABLE
    AS $_$
  select case
    when piece = '{' then
      format('"{" at character %s is never closed; write "{{" for a brace', place)
    when piece = '}' then
      format('"}" at character %s closes nothing; write "}}" for a brace', place)
    when piece = '{}' then
      format('"{}" at character %s names no variable; write "{{}}" for braces', place)
    else
      format('unknown variable %s at character %s; %s', tide._shown(to_jsonb(piece)), place,
        tide._variable_suggestion(substr(piece, 2, length(piece) - 2)))
    end
  from tide._template_pieces(template)
  where left(piece, 1) in ('{', '}') and piece not in ('{{', '}}')
    and piece !~ '^\{(stream_table|outbox|op|outbox_id|dedup_key|key)\}$'
    and piece !~ '^\{(headers\..+|(payload|original)(\.[^.{}]+)+)\}$'
$_$;

--
-- Name: FUNCTION _template_problems(template text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._template_problems(template text) IS 'What is wrong with how a template is written.';

--
-- Name: _text_problems(text, text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._text_problems(format text, value text) RETURNS SETOF text
    LANGUAGE sql IMMUTABLE
    AS $_$
  select 'must not be empty'
    where format in ('path', 'regex') and value = '' or format = 'jmespath' and btrim(value, E' \t\n\r') = ''
  union all
  select 'must be the path of a file, not what is in it' where format = 'path' and strpos(value, '-----BEGIN') > 0
  union all
  select 'must be an absolute path, like /etc/pg-tide/ca.pem, not ' || tide._shown(to_jsonb(value))
    where format = 'path' and value <> '' and strpos(value, '-----BEGIN') = 0 and left(value, 1) <> '/'
  union all
  select 'must be made of a-z, A-Z, 0-9, ".", "_" and "-", not ' || tide._shown(to_jsonb(value))
    where format = 'identifier' and value !~ '^[a-zA-Z0-9._-]+$'
  union all
  select 'must be round_robin, random or the number of a partition, not ' || tide._shown(to_jsonb(value))
    where format = 'partition' and value !~ '^(round_robin|random|[0-9]{1,9})$'
  union all
  select 'must be a time zone like Europe/Vienna, UTC or +05:30, not ' || tide._shown(to_jsonb(value))
    where format = 'time_zone' and value !~ '^[A-Za-z0-9_+/:-]{1,64}$'
  union all
  select 'must be made of yyyy, MM, dd, HH, mm, ss and S, with other letters in single quotes, not '
      || tide._shown(to_jsonb(value))
    where format = 'time_form' and value !~ '^(yyyy|MM|dd|HH|mm|ss|S{1,6}|''[^'']+''|[^A-Za-z'']+)+$'
  union all
  select 'must be a media type like application/json, not ' || tide._shown(to_jsonb(value))
    where format = 'media_type' and value !~ '^[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(;[ -~]+)?$'
  union all
  select 'must be a name like com.example.Order, not ' || tide._shown(to_jsonb(value))
    where format = 'record_name' and value !~ '^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$'
  union all
  select 'must be URLs like https://registry.example.com:8081, without a user or a password, separated by commas'
    where format = 'url_list' and exists (
      select from regexp_split_to_table(value, ',') as entry
      where btrim(entry, E' \t\n\r') !~ '^https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?([/?][!-~]*)?$')
  union all
  select 'must be a URL like https://login.example.com/token, without a user or a password'
    where format = 'url' and value !~ '^https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?([/?][!-~]*)?$'
$_$;

--
-- Name: FUNCTION _text_problems(format text, value text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._text_problems(format text, value text) IS 'What is wrong with the form of a text, for the formats that one look decides.';

--
-- Name: _to_sweep(double precision); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._to_sweep(seconds double precision) RETURNS SETOF integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '10ms'
    AS $$
declare
  leftovers boolean := exists (select from tide._empty_rings());  -- any sweep drops them
  ring      tide.outbox;
  is_due    boolean;
begin
  for ring in
    select o.* from tide.outbox o
    where random() * greatest(seconds, least(60, o.retention_hours * 36 / (o.slots - 1))) < seconds
    order by random()
    limit 50  -- what is looked at stays locked against a truncate until the end
  loop
    begin
      is_due := leftovers
        or tide._outbox_is_foreign(ring.id)
        or tide._ring_is_due(ring.id)
        or exists (
          select from generate_series(0, ring.slots - 1) as slot
          where slot <> ring.current_slot and tide._slot_has_rows(ring.id, slot::int2)
            and tide._slot_is_over(ring.id, slot::int2));
    exception
      when lock_not_available or undefined_table then
        is_due := true;
    end;
    if is_due then
      return next ring.id;
    end if;
  end loop;
end $$;

--
-- Name: FUNCTION _to_sweep(seconds double precision); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._to_sweep(seconds double precision) IS 'The outboxes in which a sweep has something to do or to say, of those whose turn it is: called every so many seconds, it looks at each once in a hundredth of the time that a slot is in use, a minute at most, on average.';

--
-- Name: _topic_prefix_problems(text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._topic_prefix_problems(prefix text) RETURNS SETOF text
    LANGUAGE sql IMMUTABLE
    AS $$
  select format('%s at character %s is not allowed in a topic; Kafka takes a-z, A-Z, 0-9, ".", "_" and "-"',
    tide._shown(to_jsonb(found)), strpos(prefix, found))
  from substring(prefix from '[^a-zA-Z0-9._-]') as found where found is not null
  union all
  select 'must not be empty' where prefix = ''
  union all
  select format('has %s constant characters; Kafka takes 249 at most', length(prefix)) where length(prefix) > 249
$$;

--
-- Name: FUNCTION _topic_prefix_problems(prefix text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._topic_prefix_problems(prefix text) IS 'What is wrong with the text that a topic begins with.';

--
-- Name: _topic_template_problems(text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._topic_template_problems(template text) RETURNS SETOF text
    LANGUAGE sql IMMUTABLE
    AS $$
  with constant as (
    select place, case when piece in ('{{', '}}') then left(piece, 1) else piece end as part
    from tide._template_pieces(template)
    where left(piece, 1) not in ('{', '}') or piece in ('{{', '}}')
  )
  select tide._template_problems(template)
  union all
  select format('%s at character %s is not allowed in a topic; Kafka takes a-z, A-Z, 0-9, ".", "_" and "-"',
    tide._shown(to_jsonb(found)), place + strpos(part, found) - 1)
  from constant, lateral substring(part from '[^a-zA-Z0-9._-]') as found where found is not null
  union all
  select 'must not be empty' where template = ''
  union all
  select 'must not be "." or ".."' where template in ('.', '..')
  union all
  select format('has %s constant characters; Kafka takes 249 at most', sum(length(part)))
  from constant having sum(length(part)) > 249
$$;

--
-- Name: FUNCTION _topic_template_problems(template text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._topic_template_problems(template text) IS 'What is wrong with a template of topic names, as far as it is the same for every message.';

--
-- Name: _try_lock(integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._try_lock(group_id integer) RETURNS boolean
    LANGUAGE sql
    AS $$ select pg_catalog.pg_try_advisory_lock(tide._lock_class(), group_id) $$;

--
-- Name: FUNCTION _try_lock(group_id integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._try_lock(group_id integer) IS 'Takes the lock of a consumer group for this connection, if it is free.';

--
-- Name: _try_locks(integer[]); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._try_locks(group_ids integer[]) RETURNS integer[]
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select coalesce(array_agg(g.id), '{}') from unnest(group_ids) as g (id)
  where pg_catalog.pg_try_advisory_lock(tide._lock_class(), g.id)
$$;

--
-- Name: FUNCTION _try_locks(group_ids integer[]); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._try_locks(group_ids integer[]) IS 'Takes the locks of consumer groups for this connection, of those that are free, and returns which.';

--
-- Name: _turn_ring(integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._turn_ring(outbox_id integer) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
declare
  ring      tide.outbox;
  next_slot int2;
begin
  select o.* into ring from tide.outbox o where o.id = outbox_id;
  next_slot := (ring.current_slot + 1) % ring.slots;
  if not tide._ring_is_due(outbox_id) then
    return false;
  end if;
  select o.* into ring from tide.outbox o where o.id = outbox_id for no key update skip locked;
  if not found or (ring.current_slot + 1) % ring.slots <> next_slot then
    return false;  -- another sweep is at it
  end if;
  perform tide._refuse_foreign_outbox(outbox_id);
  update tide.outbox o set current_slot = next_slot, slot_since = clock_timestamp() where o.id = outbox_id;
  perform tide._stamp_outbox(outbox_id);
  return true;
end $$;

--
-- Name: FUNCTION _turn_ring(outbox_id integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._turn_ring(outbox_id integer) IS 'Moves publishers on to the next slot when the current one holds messages, is old enough, and the next one is empty; whether it did.';

--
-- Name: _unlock(integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._unlock(group_id integer) RETURNS boolean
    LANGUAGE sql
    AS $$ select pg_catalog.pg_advisory_unlock(tide._lock_class(), group_id) $$;

--
-- Name: FUNCTION _unlock(group_id integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._unlock(group_id integer) IS 'Gives the lock of a consumer group back.';

--
-- Name: _unregister_relay(uuid); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._unregister_relay(id uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$ delete from tide.relay_process r where r.id = $1 $_$;

--
-- Name: FUNCTION _unregister_relay(id uuid); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._unregister_relay(id uuid) IS 'Forgets a relay that ends.';

--
-- Name: _value_problems(tide.option, jsonb); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._value_problems(declared tide.option, value jsonb) RETURNS SETOF text
    LANGUAGE plpgsql STABLE
    AS $_$
declare
  read jsonb := tide._option_value(declared.type, value);
  plain text := read #>> '{}';
  limits text := format('between %s and %s', declared.minimum, declared.maximum);
  expected text;
begin
  if declared.reference and tide._is_reference(value) then
    return query select declared.name || ': ' || p from tide._reference_problems(value #>> '{}') p;
    return;
  elsif tide._is_misplaced(value) then
    return next declared.name || ': references like ${env:NAME} are for connection options only';
    return;
  elsif read is null or not coalesce(plain = any (declared.choices), true) then
    expected := tide._expected(declared);
  elsif declared.type = 'integer' and plain::int8 not between declared.minimum and declared.maximum then
    expected := 'be ' || limits;
  elsif declared.type = 'text' and length(plain) not between declared.minimum and declared.maximum then
    expected := 'have ' || limits || ' characters';
  end if;
  if expected is not null then
    return next format('%s: must %s', declared.name, expected)
      || case when declared.secret then '' else ', not ' || tide._shown(value) end;
  elsif declared.format is not null then
    return query select tide._format_problems(declared.format, declared.name, read);
  end if;
end $_$;

--
-- Name: FUNCTION _value_problems(declared tide.option, value jsonb); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._value_problems(declared tide.option, value jsonb) IS 'A sentence for everything wrong with the value given for an option.';

--
-- Name: _variable_problems(text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._variable_problems(name text) RETURNS SETOF text
    LANGUAGE sql IMMUTABLE
    AS $$
  select 'must be a variable without braces, like op or payload.type, not ' || tide._shown(to_jsonb(name))
    where name = '' or name ~ '[{}]'
  union all
  select tide._template_problems('{' || name || '}') where name <> '' and name !~ '[{}]'
$$;

--
-- Name: FUNCTION _variable_problems(name text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._variable_problems(name text) IS 'What is wrong with the name of a variable, written without braces.';

--
-- Name: _variable_suggestion(text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._variable_suggestion(name text) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
  select case
    when root = any (roots) then format('%s needs a name, as in "{%s.name}"', root, root)
    when near is not null then
      format('did you mean %s?', tide._shown(to_jsonb('{' || near || substr(name, length(root) + 1) || '}')))
    else 'there are {stream_table}, {outbox}, {op}, {outbox_id}, {dedup_key}, {key}, '
      '{headers.name}, {payload.name} and {original.name}'
    end
  from (select split_part(name, '.', 1) as root, array['headers', 'payload', 'original'] as roots) as parts,
    lateral tide._nearest(root, case when strpos(name, '.') > 0 then roots
      else array['stream_table', 'outbox', 'op', 'outbox_id', 'dedup_key', 'key'] end) as near
$$;

--
-- Name: FUNCTION _variable_suggestion(name text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._variable_suggestion(name text) IS 'What the writer of an unknown template variable may have meant.';

--
-- Name: _warn_of_clear_secrets(text, jsonb); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._warn_of_clear_secrets(pipeline text, config jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $_$
declare
  clear text;
begin
  select string_agg(o.name, ', ' order by o.name) into clear
    from tide.option o where o.secret and tide._is_in_clear(tide._config_value(config, o.name));
  if clear is not null then
    raise warning 'pipeline "%" holds secrets in clear: %', pipeline, clear
      using hint = 'Refer to them instead, as ${env:NAME}, ${file:/path} or ${secret:NAME} (see "pg-tide secret"), which the relay resolves.';
  end if;
end $_$;

--
-- Name: FUNCTION _warn_of_clear_secrets(pipeline text, config jsonb); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._warn_of_clear_secrets(pipeline text, config jsonb) IS 'Warns when a secret, or a part of one, is not given by reference.';

--
-- Name: _warn_of_missing_secrets(text, jsonb); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._warn_of_missing_secrets(pipeline text, config jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  missing text;
begin
  for missing in
    select s.name from tide._secrets_in(config) as s (name) where not exists (select from tide.secret t where t.name = s.name)
  loop
    raise warning 'pipeline "%" refers to secret "%", which is not stored', pipeline, missing
      using hint = format('It fails until "pg-tide secret set %s" stores it.', missing);
  end loop;
end $$;

--
-- Name: FUNCTION _warn_of_missing_secrets(pipeline text, config jsonb); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._warn_of_missing_secrets(pipeline text, config jsonb) IS 'Warns when a pipeline refers to a secret that there is not.';

--
-- Name: _warn_of_risks(text, jsonb); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide._warn_of_risks(pipeline text, config jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  risk text;
begin
  for risk in select r.problem from tide._broken_rules(config) r where r.kind = 'warning' order by 1 loop
    raise warning 'pipeline "%": %', pipeline, risk;
  end loop;
end $$;

--
-- Name: FUNCTION _warn_of_risks(pipeline text, config jsonb); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide._warn_of_risks(pipeline text, config jsonb) IS 'Warns of what a configuration may do and should not.';

--
-- Name: consumer_group_create(text, text, text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide.consumer_group_create(outbox text, name text, start_from text DEFAULT 'earliest'::text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  outbox_id int := tide._existing_outbox(outbox);
begin
  perform tide._check_name('consumer group name', name);
  if tide._add_group(outbox_id, name, start_from) is null then
    raise exception 'outbox "%" has a consumer group "%" already', outbox, name
      using errcode = 'duplicate_object',
        hint = format('To move it run "SELECT tide.consumer_group_seek(%L, %L, ...)".', outbox, name);
  end if;
end $$;

--
-- Name: FUNCTION consumer_group_create(outbox text, name text, start_from text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide.consumer_group_create(outbox text, name text, start_from text) IS 'Creates a reader of an outbox, which keeps messages from then on until it has them. start_from: earliest, latest, a message id, or a timestamp (digits alone are an id).';

--
-- Name: consumer_group_drop(text, text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide.consumer_group_drop(outbox text, name text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  old_group int  := tide._existing_group(outbox, name);
  used_by   text := (select p.name from tide.pipeline p where p.group_id = old_group);
begin
  if used_by is not null then
    raise exception 'consumer group "%" of outbox "%" is used by pipeline "%"', name, outbox, used_by
      using errcode = 'dependent_objects_still_exist',
        hint = format('Both go with "SELECT tide.relay_delete(%L, drop_consumer_group => true)".', used_by);
  end if;
  perform tide._delete_group(old_group);
end $$;

--
-- Name: FUNCTION consumer_group_drop(outbox text, name text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide.consumer_group_drop(outbox text, name text) IS 'Drops a consumer group and its position; what it has yet to deliver is no longer kept for it. Refuses while a pipeline uses it.';

--
-- Name: consumer_group_seek(text, text, text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide.consumer_group_seek(outbox text, name text, target text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  seek_group int := tide._existing_group(outbox, name);
  start      record;
begin
  perform tide._require_read_committed();
  perform tide._refuse_foreign_position(seek_group);
  select p.done, p.page, p.last_id into start from tide._position_at(tide._outbox_id(outbox), target) as p;
  update tide.position p
    set seek_request = jsonb_build_object('target', target, 'done', start.done::text, 'page', start.page::text,
                                          'last_id', start.last_id, 'requested_at', clock_timestamp())
    where p.group_id = seek_group;
  perform tide._stamp_position(seek_group);
  perform pg_notify('tide_config', p.name) from tide.pipeline p where p.group_id = seek_group;
end $$;

--
-- Name: FUNCTION consumer_group_seek(outbox text, name text, target text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide.consumer_group_seek(outbox text, name text, target text) IS 'Asks for a consumer group to go on from a target: earliest, latest, a message id, or a timestamp (digits alone are an id). The relay that runs it follows at once, or the next one that does.';

--
-- Name: dead_letter_discard(bigint); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide.dead_letter_discard(id bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '300ms'
    AS $$
#variable_conflict use_variable
declare
  letter tide.dead_letter;
  since  timestamptz := clock_timestamp();
begin
  perform tide._require_read_committed();
  loop
    letter := tide._existing_dead_letter(id);
    begin
      update tide.dead_letter d
        set state = 'discarded', resolved_at = clock_timestamp()
        where d.id = letter.id and d.state in ('waiting', 'parked', 'retrying');
      if not found then
        perform tide._existing_dead_letter(id);  -- resolved meanwhile
      end if;
      perform tide._lead_chains(array[letter.id]);
      exit;
    exception
      when lock_not_available or deadlock_detected then
        perform tide._give_way(letter.pipeline_id, since);
    end;
  end loop;
  perform tide._tell_relay(letter.pipeline_id);
end $$;

--
-- Name: FUNCTION dead_letter_discard(id bigint); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide.dead_letter_discard(id bigint) IS 'Gives up a message that was put aside. If it was the first of its key, those parked behind it are delivered now. One that is being tried at this moment may still arrive.';

--
-- Name: dead_letter_discard_all(text, text, text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide.dead_letter_discard_all(pipeline text, stage text DEFAULT NULL::text, key text DEFAULT NULL::text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '300ms'
    AS $$
declare
  of_pipeline int := tide._existing_pipeline(pipeline);
  since       timestamptz := clock_timestamp();
  gone        bigint[];
begin
  perform tide._require_read_committed();
  loop
    begin
      with given_up as (
        update tide.dead_letter d
          set state = 'discarded', resolved_at = clock_timestamp()
          where d.pipeline_id = of_pipeline and d.state in ('waiting', 'parked', 'retrying')
            and (dead_letter_discard_all.stage is null or d.stage = dead_letter_discard_all.stage)
            and (dead_letter_discard_all.key is null or d.key = dead_letter_discard_all.key)
          returning d.id)
      select array_agg(g.id) into gone from given_up g;
      perform tide._lead_chains(gone);
      exit;
    exception
      when lock_not_available or deadlock_detected then
        perform tide._give_way(of_pipeline, since);
    end;
  end loop;
  perform tide._tell_relay(of_pipeline);
  return coalesce(cardinality(gone), 0);
end $$;

--
-- Name: FUNCTION dead_letter_discard_all(pipeline text, stage text, key text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide.dead_letter_discard_all(pipeline text, stage text, key text) IS 'Gives up all messages of a pipeline that are among the dead letters, or those put aside at one stage, or of one key, whatever they wait for; returns how many.';

--
-- Name: dead_letter_retry(bigint); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide.dead_letter_retry(id bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_variable
declare
  letter tide.dead_letter;
  ahead  bigint;
begin
  perform tide._require_read_committed();
  letter := tide._existing_dead_letter(id);
  if letter.state = 'parked' then
    select d.id into ahead from tide.dead_letter d
      where d.pipeline_id = letter.pipeline_id and d.key_hash between letter.key_hash and letter.key_hash
        and d.key = letter.key
        and d.parks_key and d.state = 'waiting' and d.id < letter.id
      order by d.key_hash, d.id
      limit 1;
    if ahead is null then
      return;  -- its chain is on its way
    end if;
    raise exception 'dead letter % waits behind dead letter %, an earlier message of its key', id, ahead
      using errcode = 'object_not_in_prerequisite_state',
        hint = format('Retry or discard that one: "SELECT tide.dead_letter_retry(%s)"; what waits behind it follows.', ahead);
  end if;
  update tide.dead_letter d set state = 'retrying' where d.id = letter.id and d.state = 'waiting';
  if not found then
    perform tide._existing_dead_letter(id);  -- resolved meanwhile
  end if;
  perform tide._tell_relay(letter.pipeline_id);
end $$;

--
-- Name: FUNCTION dead_letter_retry(id bigint); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide.dead_letter_retry(id bigint) IS 'Has a message that was put aside tried again, at once; with it go the later messages of its key that were parked behind it.';

--
-- Name: dead_letter_retry_all(text, text, text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide.dead_letter_retry_all(pipeline text, stage text DEFAULT NULL::text, key text DEFAULT NULL::text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '300ms'
    AS $$
declare
  of_pipeline int := tide._existing_pipeline(pipeline);
  since       timestamptz := clock_timestamp();
  marked      bigint;
begin
  perform tide._require_read_committed();
  loop
    begin
      update tide.dead_letter d
        set state = 'retrying'
        where d.pipeline_id = of_pipeline and d.state = 'waiting'
          and (dead_letter_retry_all.stage is null or d.stage = dead_letter_retry_all.stage)
          and (dead_letter_retry_all.key is null or d.key = dead_letter_retry_all.key);
      get diagnostics marked = row_count;
      exit;
    exception
      when lock_not_available or deadlock_detected then
        perform tide._give_way(of_pipeline, since);
    end;
  end loop;
  perform tide._tell_relay(of_pipeline);
  return marked;
end $$;

--
-- Name: FUNCTION dead_letter_retry_all(pipeline text, stage text, key text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide.dead_letter_retry_all(pipeline text, stage text, key text) IS 'Has all messages of a pipeline that wait among the dead letters tried again, or those put aside at one stage, or of one key; returns how many. What is parked behind them follows.';

--
-- Name: outbox_alter(text, numeric, integer); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide.outbox_alter(name text, retention_hours numeric DEFAULT NULL::numeric, max_message_bytes integer DEFAULT NULL::integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  outbox_id int := tide._existing_outbox(name);
begin
  if retention_hours is null and max_message_bytes is null then
    raise exception 'nothing to change in outbox "%"', name
      using errcode = 'null_value_not_allowed',
        hint = 'Pass retention_hours => ..., max_message_bytes => ... (0 for no limit), or both.';
  end if;
  if retention_hours is not null then
    perform tide._check_retention(retention_hours);
  end if;
  perform tide._check_message_limit(max_message_bytes);
  perform tide._refuse_foreign_outbox(outbox_id);
  update tide.outbox o
    set retention_hours = coalesce(outbox_alter.retention_hours, o.retention_hours),
        max_message_bytes = nullif(coalesce(outbox_alter.max_message_bytes, o.max_message_bytes), 0)
    where o.id = outbox_id;
  perform tide._stamp_outbox(outbox_id);
end $$;

--
-- Name: FUNCTION outbox_alter(name text, retention_hours numeric, max_message_bytes integer); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide.outbox_alter(name text, retention_hours numeric, max_message_bytes integer) IS 'Changes settings of an outbox; what is null stays as it is. max_message_bytes 0 lifts the limit.';

--
-- Name: outbox_create(text, numeric, integer, integer, boolean); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide.outbox_create(name text, retention_hours numeric DEFAULT 24, slots integer DEFAULT 4, max_message_bytes integer DEFAULT NULL::integer, if_not_exists boolean DEFAULT false) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  new_id int;
begin
  perform tide._check_name('outbox name', name);
  perform tide._check_retention(retention_hours);
  perform tide._check_message_limit(max_message_bytes);
  if slots is null or slots not between 2 and 100 then
    raise exception 'slots must be between 2 and 100, not %', coalesce(slots::text, 'null')
      using errcode = 'invalid_parameter_value',
        hint = 'More slots let go of old messages in smaller parts; 4 suits most.';
  end if;
  insert into tide.outbox (name, retention_hours, slots, max_message_bytes)
    values (outbox_create.name, outbox_create.retention_hours, outbox_create.slots, nullif(outbox_create.max_message_bytes, 0))
    on conflict do nothing
    returning id into new_id;
  if new_id is not null then
    perform tide._create_ring(new_id, slots);
    perform tide._create_wake_sequence(new_id);
    perform tide._stamp_outbox(new_id);
    -- A few outboxes are then read as a whole, which costs each publish less than an index does;
    -- autovacuum does not look at so small a table.
    analyze tide.outbox;
  elsif if_not_exists then
    raise notice 'outbox "%" exists already, nothing was changed', name;
  else
    raise exception 'outbox "%" exists already', name
      using errcode = 'duplicate_object',
        hint = format('Change it with "SELECT tide.outbox_alter(%L, ...)", or pass if_not_exists => true.', name);
  end if;
end $$;

--
-- Name: FUNCTION outbox_create(name text, retention_hours numeric, slots integer, max_message_bytes integer, if_not_exists boolean); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide.outbox_create(name text, retention_hours numeric, slots integer, max_message_bytes integer, if_not_exists boolean) IS 'Creates an outbox. Messages are kept retention_hours (fractions and 0 are allowed) and until every consumer group has them, in a ring of slots; a payload over max_message_bytes is refused (null or 0: no limit).';

--
-- Name: outbox_disable(text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide.outbox_disable(name text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ select tide._set_outbox_enabled(name, false) $$;

--
-- Name: FUNCTION outbox_disable(name text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide.outbox_disable(name text) IS 'Makes an outbox refuse messages, with an error in the publisher''s transaction. What it holds is still delivered.';

--
-- Name: outbox_drop(text, boolean, boolean); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide.outbox_drop(name text, if_exists boolean DEFAULT false, force boolean DEFAULT false) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  target_id int;
begin
  perform tide._require_read_committed();
  perform tide._refuse_null('outbox', name, 'Name the outbox, as created with tide.outbox_create().');
  if force then  -- positions, pipelines, messages: as a relay that puts some aside locks them
    perform from tide.position p
      where p.group_id in (
        select g.id from tide.consumer_group g join tide.outbox o on o.id = g.outbox_id where o.name = outbox_drop.name)
      order by p.group_id for update;
    perform from tide.pipeline l
      where l.outbox_id = (select o.id from tide.outbox o where o.name = outbox_drop.name)
      order by l.id for update;
  end if;
  -- The row is locked first: no pipeline or consumer group can then be added to it.
  select o.id into target_id from tide.outbox o where o.name = outbox_drop.name for update;
  if target_id is null and if_exists then
    raise notice 'there is no outbox "%", nothing was dropped', name;
    return;
  end if;
  target_id := coalesce(target_id, tide._outbox_id(name));
  if force is not true then
    perform tide._refuse_outbox_in_use(target_id);
    perform tide._lock_ring(target_id);
    -- Again: only now is every message that was on its way to be seen.
    perform tide._refuse_outbox_in_use(target_id);
  else
    perform tide._lock_ring(target_id);
  end if;
  perform pg_notify('tide_config', p.name) from tide.pipeline p where p.outbox_id = target_id;
  perform tide._delete_outbox(target_id);
end $$;

--
-- Name: FUNCTION outbox_drop(name text, if_exists boolean, force boolean); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide.outbox_drop(name text, if_exists boolean, force boolean) IS 'Drops an outbox with all its messages. Refuses while pipelines or undelivered messages remain, unless forced: then pipelines and consumer groups go with it.';

--
-- Name: outbox_enable(text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide.outbox_enable(name text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ select tide._set_outbox_enabled(name, true) $$;

--
-- Name: FUNCTION outbox_enable(name text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide.outbox_enable(name text) IS 'Lets an outbox accept messages again.';

--
-- Name: outbox_publish(text, jsonb, text, jsonb, text, text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide.outbox_publish(outbox text, payload jsonb, dedup_key text DEFAULT NULL::text, headers jsonb DEFAULT NULL::jsonb, op text DEFAULT 'insert'::text, key text DEFAULT NULL::text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  target    int;
  into_slot int2;
  max_bytes int;
  wake      regclass;
begin
  select o.id, o.current_slot, o.max_message_bytes, o.wake_sequence into target, into_slot, max_bytes, wake
    from tide.outbox o where o.name = outbox_publish.outbox and o.enabled;
  if target is null or op is null or op = '' or headers is not null or max_bytes is not null then
    if target is null or op is null or op = '' then
      perform tide._refuse_publish(outbox, op);
    elsif not tide._are_headers(headers) then
      perform tide._check_headers(headers);
    elsif max_bytes is not null then
      if octet_length(payload::text) > max_bytes then
        perform tide._message_too_large(outbox, octet_length(payload::text), max_bytes);
      end if;
    end if;
  end if;
  insert into tide.message (outbox_id, slot, op, key, dedup_key, headers, payload)
    values (target, into_slot, outbox_publish.op, coalesce(outbox_publish.key, outbox_publish.dedup_key),
            outbox_publish.dedup_key, outbox_publish.headers, outbox_publish.payload);
  -- After the insert: read before it, a flag raised in between would be missed. Mostly it is down.
  if pg_sequence_last_value(wake) > 0 then
    if pg_sequence_last_value(wake) > extract(epoch from clock_timestamp()) then
      perform pg_notify('tide_wake', target::text);
    end if;
  end if;
  return currval('tide.message_id_seq');
end $$;

--
-- Name: FUNCTION outbox_publish(outbox text, payload jsonb, dedup_key text, headers jsonb, op text, key text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide.outbox_publish(outbox text, payload jsonb, dedup_key text, headers jsonb, op text, key text) IS 'Publishes one message in the caller''s transaction and returns its id. key orders (default: dedup_key); a null payload is a tombstone.';

--
-- Name: outbox_publish_bytes(text, bytea, text, jsonb, text, text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide.outbox_publish_bytes(outbox text, payload bytea, dedup_key text DEFAULT NULL::text, headers jsonb DEFAULT NULL::jsonb, op text DEFAULT 'insert'::text, key text DEFAULT NULL::text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  target    int;
  into_slot int2;
  max_bytes int;
  wake      regclass;
begin
  select o.id, o.current_slot, o.max_message_bytes, o.wake_sequence into target, into_slot, max_bytes, wake
    from tide.outbox o where o.name = outbox_publish_bytes.outbox and o.enabled;
  if target is null or op is null or op = '' then
    perform tide._refuse_publish(outbox, op);
  elsif headers is not null and not tide._are_headers(headers) then
    perform tide._check_headers(headers);
  elsif octet_length(payload) > max_bytes then
    perform tide._message_too_large(outbox, octet_length(payload), max_bytes);
  end if;
  insert into tide.message (outbox_id, slot, op, key, dedup_key, headers, payload_bytes)
    values (target, into_slot, outbox_publish_bytes.op,
            coalesce(outbox_publish_bytes.key, outbox_publish_bytes.dedup_key),
            outbox_publish_bytes.dedup_key, outbox_publish_bytes.headers, outbox_publish_bytes.payload);
  if pg_sequence_last_value(wake) > extract(epoch from clock_timestamp()) then
    perform pg_notify('tide_wake', target::text);
  end if;
  return currval('tide.message_id_seq');
end $$;

--
-- Name: FUNCTION outbox_publish_bytes(outbox text, payload bytea, dedup_key text, headers jsonb, op text, key text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide.outbox_publish_bytes(outbox text, payload bytea, dedup_key text, headers jsonb, op text, key text) IS 'Publishes one message of bytes that are encoded already, for wire_format raw, in the caller''s transaction and returns its id. A null payload is a tombstone.';

--
-- Name: outbox_publish_many(text, jsonb[], text[], jsonb[], text[], text[]); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide.outbox_publish_many(outbox text, payloads jsonb[], dedup_keys text[] DEFAULT NULL::text[], headers jsonb[] DEFAULT NULL::jsonb[], ops text[] DEFAULT NULL::text[], keys text[] DEFAULT NULL::text[]) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  target    int;
  into_slot int2;
  max_bytes int;
  wake      regclass;
  largest   int;
  written   int;
begin
  select o.id, o.current_slot, o.max_message_bytes, o.wake_sequence into target, into_slot, max_bytes, wake
    from tide.outbox o where o.name = outbox_publish_many.outbox and o.enabled;
  if target is null then
    perform tide._refuse_publish(outbox, 'insert');
  end if;
  perform tide._check_arrays(payloads, dedup_keys, headers, ops, keys);
  if headers is not null then
    perform tide._check_headers(h) from unnest(headers) as h where not tide._are_headers(h);
  end if;
  if ops is not null then
    perform tide._refuse_publish(outbox, o) from unnest(ops) as o where o = '';
  end if;
  if max_bytes is not null then
    select max(octet_length(p::text)) into largest from unnest(payloads) as p;
    if largest > max_bytes then
      perform tide._message_too_large(outbox, largest, max_bytes);
    end if;
  end if;
  insert into tide.message (outbox_id, slot, op, key, dedup_key, headers, payload)
    select target, into_slot, coalesce(m.op, 'insert'), coalesce(m.key, m.dedup_key),
           m.dedup_key, m.header, m.payload
      from unnest(payloads, dedup_keys, outbox_publish_many.headers, ops, keys)
        with ordinality as m (payload, dedup_key, header, op, key, place)
      order by m.place;
  get diagnostics written = row_count;
  if written > 0 and pg_sequence_last_value(wake) > extract(epoch from clock_timestamp()) then
    perform pg_notify('tide_wake', target::text);
  end if;
  return written;
end $$;

--
-- Name: FUNCTION outbox_publish_many(outbox text, payloads jsonb[], dedup_keys text[], headers jsonb[], ops text[], keys text[]); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide.outbox_publish_many(outbox text, payloads jsonb[], dedup_keys text[], headers jsonb[], ops text[], keys text[]) IS 'Publishes many messages in array order, in one statement of the caller''s transaction; returns how many. A null array, or a null in one, means that column''s default.';

--
-- Name: outbox_rebase(text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide.outbox_rebase(name text) RETURNS TABLE(consumer_group text, undelivered bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
  target_id int := tide._existing_outbox(name);
  latest    pg_snapshot;
  horizon   bigint;
  reader    record;
begin
  perform tide._require_read_committed();
  perform from tide.outbox o where o.id = target_id for update;
  if not found then
    perform tide._no_such_outbox(name);
  end if;
  perform tide._await_ring(target_id);
  latest := tide._latest_snapshot();
  horizon := pg_snapshot_xmax(latest)::text::bigint + 1073741824;  -- above the caller's own savepoints too
  if not tide._outbox_is_foreign(target_id) and not tide._has_foreign_messages(target_id, horizon) then
    raise notice 'outbox "%" is of this cluster, nothing was changed', name;
    return query
      select g.name, w.pending from tide.consumer_group g, lateral tide._pending(g.id, 2147483646) as w
        where g.outbox_id = target_id order by g.name;
    return;
  end if;
  for reader in
    select n.*, g.name from tide._renumber_messages(target_id, horizon) as n
      join tide.consumer_group g on g.id = n.group_id order by g.name
  loop
    perform tide._rebase_position(reader.group_id, tide._in_progress_too(latest, reader.missed_xids));
    consumer_group := reader.name;
    undelivered := reader.undelivered;
    return next;
  end loop;
  update tide.outbox o set writer_xmin = null where o.id = target_id;
  perform tide._stamp_outbox(target_id);
  perform tide._raise_sequences();
  update tide.installation set id = gen_random_uuid();
  update tide.pipeline p set revision = p.revision + 1 where p.outbox_id = target_id and p.enabled;
  perform pg_notify('tide_config', p.name) from tide.pipeline p where p.outbox_id = target_id and p.enabled;
end $$;

--
-- Name: FUNCTION outbox_rebase(name text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide.outbox_rebase(name text) IS 'After a restore into another cluster: gives the messages and positions of an outbox transaction ids of this one, and lets its pipelines go on at once. Returns how many messages each consumer group has yet to get. Publishers of the outbox wait meanwhile. Kafka transactions that were open are discarded, with a notice: what they delivered may be delivered again. Does nothing where nothing is foreign.';

--
-- Name: outbox_status(text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide.outbox_status(name text DEFAULT NULL::text) RETURNS TABLE(outbox text, enabled boolean, retained bigint, retained_is_estimate boolean, slots integer, current_slot integer, retention_hours numeric, consumer_group text, pending bigint, pending_is_estimate boolean, oldest_pending_age interval, held_by text, note text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
begin
  if outbox_status.name is not null then
    perform tide._outbox_id(outbox_status.name);
  end if;
  return query
    select o.name, o.enabled, m.retained, m.is_estimate, o.slots::int, o.current_slot::int, o.retention_hours,
           g.name, w.pending, w.is_estimate, case when w.pending > 0 then greatest(clock_timestamp() - w.oldest, interval '0') end,
           h.held_by, tide._group_note(o.id, g.id)
      from tide.outbox o
        cross join lateral tide._retained(o.id, 10000) as m
        cross join lateral tide._retention_held_by(o.id) as h (held_by)
        left join tide.consumer_group g on g.outbox_id = o.id
        left join lateral tide._pending(g.id, 10000) as w on g.id is not null
      where outbox_status.name is null or o.name = outbox_status.name
      order by o.name, g.name;
end $$;

--
-- Name: FUNCTION outbox_status(name text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide.outbox_status(name text) IS 'For each outbox (or one) and each of its consumer groups: what is retained, what is pending and since when, and who keeps expired messages from being let go. Numbers over 10,000 are estimates and marked.';

--
-- Name: outbox_sweep(text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide.outbox_sweep(name text DEFAULT NULL::text) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  swept_outbox tide.outbox;
  emptied      int := 0;
  ring_slot    int;
begin
  perform tide._require_read_committed();
  if name is not null then
    perform tide._outbox_id(name);
  end if;
  for swept_outbox in
    select o.* from tide.outbox o where outbox_sweep.name is null or o.name = outbox_sweep.name order by o.id
  loop
    if tide._outbox_is_foreign(swept_outbox.id) then
      raise warning 'outbox "%" was not swept: it, or a position in it, was restored from another cluster', swept_outbox.name
        using hint = format('Run "SELECT tide.outbox_rebase(%L)" once.', swept_outbox.name);
      continue;
    end if;
    for ring_slot in 0 .. swept_outbox.slots - 1 loop
      if ring_slot <> swept_outbox.current_slot then
        emptied := emptied + tide._empty_slot(swept_outbox.id, ring_slot::int2)::int;
      end if;
    end loop;
    perform tide._turn_ring(swept_outbox.id);
  end loop;
  perform tide._drop_empty_rings();
  return emptied;
end $$;

--
-- Name: FUNCTION outbox_sweep(name text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide.outbox_sweep(name text) IS 'Retention: truncates the slots of one outbox, or of all, that are delivered and older than retention_hours, and moves publishers on to the next slot when it is time. Returns how many slots were truncated; never waits for a lock.';

--
-- Name: relay_delete(text, boolean); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide.relay_delete(pipeline text, drop_consumer_group boolean DEFAULT false) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  pipeline_id int := tide._existing_pipeline(pipeline);
  old_group   int;
begin
  if drop_consumer_group then  -- the position before the pipeline, as the relay locks them
    perform from tide.position p
      where p.group_id = (select l.group_id from tide.pipeline l where l.id = pipeline_id) for update;
  end if;
  -- Locked first: what is put aside at this moment is then seen.
  perform from tide.pipeline p where p.id = pipeline_id for update;
  perform tide._refuse_dead_letters(pipeline_id);
  delete from tide.pipeline p where p.id = pipeline_id returning p.group_id into old_group;
  if drop_consumer_group then
    perform tide._delete_group(old_group);
  else
    perform tide._notice_of_left_group(old_group, null);
  end if;
  perform pg_notify('tide_config', pipeline);
end $$;

--
-- Name: FUNCTION relay_delete(pipeline text, drop_consumer_group boolean); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide.relay_delete(pipeline text, drop_consumer_group boolean) IS 'Deletes a pipeline. Its consumer group stays, and messages are kept for it, unless it is dropped too. Refuses while dead letters wait.';

--
-- Name: relay_disable(text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide.relay_disable(pipeline text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  pipeline_id int := tide._existing_pipeline(pipeline);
begin
  update tide.pipeline p set enabled = false, revision = p.revision + 1 where p.id = pipeline_id and p.enabled;
  if found then
    perform pg_notify('tide_config', pipeline);
  end if;
end $$;

--
-- Name: FUNCTION relay_disable(pipeline text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide.relay_disable(pipeline text) IS 'Stops a pipeline, at once, after what is on its way has arrived. Its messages are kept.';

--
-- Name: relay_enable(text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide.relay_enable(pipeline text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  pipeline_id int := tide._existing_pipeline(pipeline);
begin
  -- Enabled already or not, the revision grows: a pipeline that failed is then tried again.
  update tide.pipeline p set enabled = true, revision = p.revision + 1 where p.id = pipeline_id;
  perform pg_notify('tide_config', pipeline);
end $$;

--
-- Name: FUNCTION relay_enable(pipeline text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide.relay_enable(pipeline text) IS 'Lets a pipeline run, at once; one that failed or halted is tried again.';

--
-- Name: relay_get_config(text); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide.relay_get_config(pipeline text) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ select tide._masked(p.config) from tide.pipeline p where p.id = tide._existing_pipeline(pipeline) $$;

--
-- Name: FUNCTION relay_get_config(pipeline text); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide.relay_get_config(pipeline text) IS 'The configuration of a pipeline as it was set, with secrets as ********.';

--
-- Name: relay_list_configs(); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide.relay_list_configs() RETURNS TABLE(pipeline text, outbox text, consumer_group text, relay_group text, enabled boolean, config jsonb)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select p.name, o.name, g.name, p.relay_group, p.enabled, tide._masked(p.config)
    from tide.pipeline p
      join tide.outbox o on o.id = p.outbox_id
      join tide.consumer_group g on g.id = p.group_id
    order by p.name
$$;

--
-- Name: FUNCTION relay_list_configs(); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide.relay_list_configs() IS 'Every pipeline with its configuration, secrets as ********.';

--
-- Name: relay_resolve_transaction(text, boolean); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide.relay_resolve_transaction(pipeline text, committed boolean) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  pipeline_id int := tide._existing_pipeline(pipeline);
begin
  perform tide._refuse_null('committed', committed::text,
    'Say true when the messages of that transaction are in Kafka, false when they are not.');
  update tide.intent i set answer = committed
    where (i.group_id, i.number) = (
      select o.group_id, min(o.number) from tide.intent o join tide.pipeline p on p.group_id = o.group_id
        where p.id = pipeline_id and o.answer is null
        group by o.group_id);
  if not found then
    raise exception 'pipeline "%" has no Kafka transaction whose outcome is open', pipeline
      using errcode = 'object_not_in_prerequisite_state',
        hint = 'There is nothing to resolve: unresolved_transactions in tide.consumer_group_status is how many there are.';
  end if;
  update tide.pipeline p set revision = p.revision + 1 where p.id = pipeline_id;
  perform pg_notify('tide_config', pipeline);
end $$;

--
-- Name: FUNCTION relay_resolve_transaction(pipeline text, committed boolean); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide.relay_resolve_transaction(pipeline text, committed boolean) IS 'Answers for Kafka whether the first open transaction of a pipeline was committed, where its brokers no longer know (transaction_unknown, with its number). true: its messages are in Kafka, and the pipeline goes on behind them, or asks of the next one; if they are not, they are lost. false: they are sent again, and those behind them; if they are in Kafka, they are there twice. Where Kafka still knows, its word counts.';

--
-- Name: relay_set_outbox(text, text, jsonb); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide.relay_set_outbox(pipeline text, outbox text, config jsonb) RETURNS text
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  select tide.relay_set_outbox($1, $2, coalesce(
    (select g.name
       from tide.pipeline p
         join tide.outbox o on o.id = p.outbox_id
         join tide.consumer_group g on g.id = p.group_id
       where p.name = $1 and o.name = $2), $1), $3)
$_$;

--
-- Name: FUNCTION relay_set_outbox(pipeline text, outbox text, config jsonb); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide.relay_set_outbox(pipeline text, outbox text, config jsonb) IS 'Creates a pipeline whose consumer group is named after it, or replaces one, which keeps its group.';

--
-- Name: relay_set_outbox(text, text, text, jsonb, boolean); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide.relay_set_outbox(pipeline text, outbox text, consumer_group text, config jsonb, enabled boolean DEFAULT NULL::boolean) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  old          tide.pipeline;
  to_outbox    int;
  to_group     int;
  for_relays   text;
begin
  -- One at a time: two could not both take a group, or a name. Readers are not in the way.
  lock table tide.pipeline in share row exclusive mode;
  perform tide._refuse_pipeline(pipeline, outbox, consumer_group, config);
  perform tide._warn_of_clear_secrets(pipeline, config);
  perform tide._warn_of_missing_secrets(pipeline, config);
  perform tide._warn_of_risks(pipeline, config);
  to_outbox := tide._existing_outbox(outbox);
  to_group := tide._group_to_read(to_outbox, consumer_group, tide._config_value(config, 'start_from') #>> '{}');
  for_relays := coalesce(tide._config_value(config, 'relay_group') #>> '{}', 'default');
  select p.* into old from tide.pipeline p where p.name = pipeline;
  if not found then
    insert into tide.pipeline (name, outbox_id, group_id, relay_group, config, enabled)
      values (pipeline, to_outbox, to_group, for_relays, relay_set_outbox.config, coalesce(relay_set_outbox.enabled, true));
  elsif (old.outbox_id, old.group_id, old.config, old.enabled)
      = (to_outbox, to_group, relay_set_outbox.config, coalesce(relay_set_outbox.enabled, old.enabled)) then
    return 'unchanged';
  else
    if old.outbox_id <> to_outbox then
      perform tide._require_read_committed();
      -- Locked first: what is put aside at this moment is then seen.
      perform from tide.pipeline p where p.id = old.id for update;
      perform tide._refuse_dead_letters(old.id);
    end if;
    perform tide._notice_of_left_group(old.group_id, to_group);
    update tide.pipeline p
      set outbox_id = to_outbox, group_id = to_group, relay_group = for_relays, config = relay_set_outbox.config,
          enabled = coalesce(relay_set_outbox.enabled, p.enabled), revision = p.revision + 1
      where p.id = old.id;
  end if;
  perform pg_notify('tide_config', pipeline);
  return case when old.id is null then 'created' else 'updated' end;
end $$;

--
-- Name: FUNCTION relay_set_outbox(pipeline text, outbox text, consumer_group text, config jsonb, enabled boolean); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide.relay_set_outbox(pipeline text, outbox text, consumer_group text, config jsonb, enabled boolean) IS 'Creates or replaces a pipeline: an outbox, read by a consumer group (made if missing, starting where start_from says), to Kafka as config says (see the view tide.options). Raises one error with every problem found. A new pipeline is enabled; enabled null keeps an old one as it is. Returns created, updated or unchanged.';

--
-- Name: secret_drop(text, boolean); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide.secret_drop(name text, force boolean DEFAULT false) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  users text;
begin
  perform tide._existing_secret(name);
  select string_agg(format('"%s"', u.pipeline), ', ' order by u.pipeline) into users
    from tide._secret_users() u where u.secret = name;
  if users is not null and force is not true then
    raise exception 'secret "%" is used by pipeline %', name, users
      using errcode = 'dependent_objects_still_exist',
        hint = 'Let them refer to another one first; or force it: they then fail until it is set again.';
  end if;
  perform tide._restart_users_of_secret(name);
  delete from tide.secret s where s.name = secret_drop.name;
end $$;

--
-- Name: FUNCTION secret_drop(name text, force boolean); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide.secret_drop(name text, force boolean) IS 'Drops a secret. Refuses while a pipeline refers to it, unless forced: then that pipeline fails until the secret is set again.';

--
-- Name: secret_rotate(text, bytea, text, bytea); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide.secret_rotate(name text, old_ciphertext bytea, key_id text, ciphertext bytea) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform tide._existing_secret(name);
  perform tide._check_secret(name, key_id, ciphertext);
  update tide.secret s set key_id = secret_rotate.key_id, ciphertext = secret_rotate.ciphertext
    where s.name = secret_rotate.name and s.ciphertext = old_ciphertext;
  if not found then
    raise exception 'secret "%" was set meanwhile', name
      using errcode = 'serialization_failure',
        hint = 'Nothing was changed. Rotate again.';
  end if;
end $$;

--
-- Name: FUNCTION secret_rotate(name text, old_ciphertext bytea, key_id text, ciphertext bytea); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide.secret_rotate(name text, old_ciphertext bytea, key_id text, ciphertext bytea) IS 'Replaces a secret by the same value under another key, as "pg-tide secret rotate" does; pipelines go on. Refuses when it is no longer the one that was read.';

--
-- Name: secret_set(text, text, bytea); Type: FUNCTION; Schema: tide; Owner: -
--

CREATE FUNCTION tide.secret_set(name text, key_id text, ciphertext bytea) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  was_there boolean := exists (select from tide.secret s where s.name = secret_set.name);
begin
  perform tide._check_secret(name, key_id, ciphertext);
  insert into tide.secret as s (name, key_id, ciphertext)
    values (secret_set.name, secret_set.key_id, secret_set.ciphertext)
    on conflict on constraint secret_pkey
      do update set key_id = excluded.key_id, ciphertext = excluded.ciphertext, set_at = excluded.set_at;
  perform tide._restart_users_of_secret(name);
  return case when was_there then 'updated' else 'created' end;
end $$;

--
-- Name: FUNCTION secret_set(name text, key_id text, ciphertext bytea); Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON FUNCTION tide.secret_set(name text, key_id text, ciphertext bytea) IS 'Stores a secret that "pg-tide secret set" encrypted, under a name that pipelines refer to as ${secret:NAME}; those that do start anew, and no others. Returns created or updated.';

--
-- Name: consumer_group; Type: TABLE; Schema: tide; Owner: -
--

CREATE TABLE tide.consumer_group (
    id integer NOT NULL,
    outbox_id integer NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

--
-- Name: TABLE consumer_group; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON TABLE tide.consumer_group IS 'Named readers of an outbox, each with its own position.';

--
-- Name: consumer_group_id_seq; Type: SEQUENCE; Schema: tide; Owner: -
--

ALTER TABLE tide.consumer_group ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tide.consumer_group_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: outbox; Type: TABLE; Schema: tide; Owner: -
--

CREATE TABLE tide.outbox (
    id integer NOT NULL,
    name text NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    retention_hours numeric DEFAULT 24 NOT NULL,
    slots smallint DEFAULT 4 NOT NULL,
    current_slot smallint DEFAULT 0 NOT NULL,
    slot_since timestamp with time zone DEFAULT now() NOT NULL,
    max_message_bytes integer,
    wake_sequence regclass,
    writer_xmin xid,
    CONSTRAINT outbox_max_message_bytes_check CHECK ((max_message_bytes > 0)),
    CONSTRAINT outbox_retention_hours_check CHECK ((retention_hours >= (0)::numeric)),
    CONSTRAINT outbox_slots_check CHECK (((slots >= 2) AND (slots <= 100)))
);

--
-- Name: TABLE outbox; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON TABLE tide.outbox IS 'The outboxes: named streams of messages, each a ring of slots.';

--
-- Name: COLUMN outbox.writer_xmin; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON COLUMN tide.outbox.writer_xmin IS 'The xmin this row had when it was written: where it differs from the real one, the row came from another cluster, and so did all transaction ids of its messages.';

--
-- Name: pipeline; Type: TABLE; Schema: tide; Owner: -
--

CREATE TABLE tide.pipeline (
    id integer NOT NULL,
    name text NOT NULL,
    outbox_id integer NOT NULL,
    group_id integer NOT NULL,
    relay_group text DEFAULT 'default'::text NOT NULL,
    config jsonb NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    revision bigint DEFAULT 1 NOT NULL
);

--
-- Name: TABLE pipeline; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON TABLE tide.pipeline IS 'The pipelines as configured: one outbox to Kafka, each.';

--
-- Name: COLUMN pipeline.revision; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON COLUMN tide.pipeline.revision IS 'Grows with every change and with every enable: the relay restarts the pipeline when it does.';

--
-- Name: consumer_group_status; Type: VIEW; Schema: tide; Owner: -
--

CREATE VIEW tide.consumer_group_status AS
 SELECT o.name AS outbox,
    g.name AS consumer_group,
    l.name AS pipeline,
    w.relay AS owner,
    u.pending,
    u.is_estimate AS pending_is_estimate,
        CASE
            WHEN (u.pending > 0) THEN GREATEST((clock_timestamp() - u.oldest), '00:00:00'::interval)
            ELSE NULL::interval
        END AS oldest_pending_age,
    p.delivered,
    p.filtered,
    p.dead_lettered,
    p.last_delivered_at,
    (p.seek_request ->> 'target'::text) AS seek_target,
    ((p.seek_request ->> 'requested_at'::text))::timestamp with time zone AS seek_requested_at,
    g.created_at,
    ( SELECT count(*) AS count
           FROM tide.intent i
          WHERE ((i.group_id = g.id) AND (i.number > p.number))) AS unresolved_transactions,
    NULLIF(p.number, 0) AS last_transaction
   FROM (((((tide.consumer_group g
     JOIN tide.outbox o ON ((o.id = g.outbox_id)))
     JOIN tide."position" p ON ((p.group_id = g.id)))
     CROSS JOIN LATERAL tide._pending(g.id, 10000) u(pending, is_estimate, oldest))
     LEFT JOIN tide._owners() w(group_id, relay_id, relay) ON ((w.group_id = g.id)))
     LEFT JOIN tide.pipeline l ON ((l.group_id = g.id)))
  ORDER BY o.name, g.name;

--
-- Name: VIEW consumer_group_status; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON VIEW tide.consumer_group_status IS 'Every consumer group: who reads with it, what is pending, a seek that was asked for and not applied yet, and how many Kafka transactions have no known outcome yet.';

--
-- Name: dead_letter_id_seq; Type: SEQUENCE; Schema: tide; Owner: -
--

ALTER TABLE tide.dead_letter ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tide.dead_letter_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: dead_letters; Type: VIEW; Schema: tide; Owner: -
--

CREATE VIEW tide.dead_letters AS
 SELECT d.id,
    l.name AS pipeline,
    o.name AS outbox,
    d.message_id,
    d.key,
    d.op,
    d.stage,
    d.reason,
    d.error,
    d.attempts,
    d.first_at,
    d.last_at,
    d.state,
    d.resolved_at,
    d.parks_key,
        CASE
            WHEN (d.state = 'parked'::text) THEN ( SELECT w.id
               FROM tide.dead_letter w
              WHERE ((w.pipeline_id = d.pipeline_id) AND (w.key_hash = d.key_hash) AND (w.key = d.key) AND w.parks_key AND (w.state = 'waiting'::text) AND (w.id < d.id))
              ORDER BY w.id
             LIMIT 1)
            ELSE NULL::bigint
        END AS waits_behind,
    d.published_at,
    d.source,
    d.dedup_key,
        CASE
            WHEN ( SELECT tide._reads_messages() AS _reads_messages) THEN d.headers
            ELSE NULL::jsonb
        END AS headers,
        CASE
            WHEN ( SELECT tide._reads_messages() AS _reads_messages) THEN d.payload
            ELSE NULL::jsonb
        END AS payload,
        CASE
            WHEN ( SELECT tide._reads_messages() AS _reads_messages) THEN d.payload_bytes
            ELSE NULL::bytea
        END AS payload_bytes,
        CASE
            WHEN ( SELECT tide._reads_messages() AS _reads_messages) THEN d.before
            ELSE NULL::jsonb
        END AS before
   FROM ((tide.dead_letter d
     JOIN tide.pipeline l ON ((l.id = d.pipeline_id)))
     JOIN tide.outbox o ON ((o.id = d.outbox_id)))
  ORDER BY d.id;

--
-- Name: VIEW dead_letters; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON VIEW tide.dead_letters IS 'Messages that were put aside, with what was wrong with them. state: waiting, parked (behind waits_behind), retrying; or resolved: delivered, filtered, discarded. What the messages hold is shown to tide_admin alone.';

--
-- Name: installation; Type: TABLE; Schema: tide; Owner: -
--

CREATE TABLE tide.installation (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    one_row boolean DEFAULT true NOT NULL,
    CONSTRAINT installation_one_row_check CHECK (one_row)
);

--
-- Name: TABLE installation; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON TABLE tide.installation IS 'One row: who this installation is; renewed when an outbox is rebased.';

--
-- Name: partition_arrival; Type: TABLE; Schema: tide; Owner: -
--

CREATE TABLE tide.partition_arrival (
    pipeline_id integer NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    last_offset bigint,
    records_per_second double precision NOT NULL,
    last_produced_at timestamp with time zone NOT NULL
)
WITH (fillfactor='50');

--
-- Name: TABLE partition_arrival; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON TABLE tide.partition_arrival IS 'What each partition of Kafka got from each pipeline lately, as its relay said last: see tide.kafka_partition_status.';

--
-- Name: kafka_partition_status; Type: VIEW; Schema: tide; Owner: -
--

CREATE VIEW tide.kafka_partition_status AS
 SELECT l.name AS pipeline,
    s.topic,
    s.partition,
    s.last_offset,
    s.last_produced_at,
        CASE
            WHEN (s.last_produced_at > (clock_timestamp() - '00:00:15'::interval)) THEN (round((s.records_per_second)::numeric, 1))::double precision
            ELSE (0)::double precision
        END AS records_per_second
   FROM (tide.partition_arrival s
     JOIN tide.pipeline l ON ((l.id = s.pipeline_id)))
  ORDER BY l.name, s.topic, s.partition;

--
-- Name: VIEW kafka_partition_status; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON VIEW tide.kafka_partition_status IS 'What each partition of Kafka got from each pipeline: the offset of the last record that was acknowledged, when that was, and how many a second there were in the seconds before; 30 days after the last one it is forgotten.';

--
-- Name: lease; Type: TABLE; Schema: tide; Owner: -
--

CREATE UNLOGGED TABLE tide.lease (
    group_id integer NOT NULL,
    epoch uuid NOT NULL,
    relay_id uuid NOT NULL,
    writer_xmin xid
);

--
-- Name: TABLE lease; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON TABLE tide.lease IS 'Who runs which group. Unlogged on purpose: a crash or a promotion empties it, and what a relay then holds in memory is void.';

--
-- Name: message; Type: TABLE; Schema: tide; Owner: -
--

CREATE TABLE tide.message (
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    id bigint NOT NULL,
    published_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    outbox_id integer NOT NULL,
    slot smallint NOT NULL,
    op text NOT NULL,
    key text,
    dedup_key text,
    source text,
    headers jsonb,
    payload jsonb,
    payload_bytes bytea,
    before jsonb
)
PARTITION BY LIST (outbox_id);
ALTER TABLE ONLY tide.message ALTER COLUMN headers SET STORAGE EXTERNAL;
ALTER TABLE ONLY tide.message ALTER COLUMN payload SET STORAGE EXTERNAL;
ALTER TABLE ONLY tide.message ALTER COLUMN payload_bytes SET STORAGE EXTERNAL;
ALTER TABLE ONLY tide.message ALTER COLUMN before SET STORAGE EXTERNAL;

--
-- Name: TABLE message; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON TABLE tide.message IS 'The messages of all outboxes, partitioned by outbox and slot. Written by tide.outbox_publish alone, never updated.';

--
-- Name: COLUMN message.xid; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON COLUMN tide.message.xid IS 'The transaction that published it.';

--
-- Name: COLUMN message.id; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON COLUMN tide.message.id IS 'Drawn from one sequence for all outboxes, in publishing order within a transaction.';

--
-- Name: message_id_seq; Type: SEQUENCE; Schema: tide; Owner: -
--

ALTER TABLE tide.message ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tide.message_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: migration; Type: TABLE; Schema: tide; Owner: -
--

CREATE TABLE tide.migration (
    number integer NOT NULL,
    name text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

--
-- Name: TABLE migration; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON TABLE tide.migration IS 'The migrations applied to this schema.';

--
-- Name: options; Type: VIEW; Schema: tide; Owner: -
--

CREATE VIEW tide.options AS
 SELECT name,
    type,
    default_value,
    required,
    choices,
    minimum,
    maximum,
    format,
    secret,
    reference,
    description
   FROM tide.option o
  ORDER BY name;

--
-- Name: VIEW options; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON VIEW tide.options IS 'Every option of a pipeline''s configuration.';

--
-- Name: outbox_id_seq; Type: SEQUENCE; Schema: tide; Owner: -
--

ALTER TABLE tide.outbox ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tide.outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: outbox_status; Type: VIEW; Schema: tide; Owner: -
--

CREATE VIEW tide.outbox_status AS
 SELECT outbox,
    enabled,
    retained,
    retained_is_estimate,
    slots,
    current_slot,
    retention_hours,
    consumer_group,
    pending,
    pending_is_estimate,
    oldest_pending_age,
    held_by,
    note
   FROM tide.outbox_status() outbox_status(outbox, enabled, retained, retained_is_estimate, slots, current_slot, retention_hours, consumer_group, pending, pending_is_estimate, oldest_pending_age, held_by, note);

--
-- Name: VIEW outbox_status; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON VIEW tide.outbox_status IS 'Every outbox and consumer group as tide.outbox_status() tells it.';

--
-- Name: pipeline_id_seq; Type: SEQUENCE; Schema: tide; Owner: -
--

ALTER TABLE tide.pipeline ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tide.pipeline_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: pipeline_state; Type: TABLE; Schema: tide; Owner: -
--

CREATE TABLE tide.pipeline_state (
    pipeline_id integer NOT NULL,
    state text NOT NULL,
    reason text,
    hint text,
    since timestamp with time zone DEFAULT now() NOT NULL,
    next_try timestamp with time zone
);

--
-- Name: TABLE pipeline_state; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON TABLE tide.pipeline_state IS 'What the relay says of each pipeline: written when it changes.';

--
-- Name: relay_process; Type: TABLE; Schema: tide; Owner: -
--

CREATE TABLE tide.relay_process (
    id uuid NOT NULL,
    name text NOT NULL,
    version text NOT NULL,
    backend_pid integer NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    relay_group text,
    pipelines text[] DEFAULT '{}'::text[] NOT NULL,
    takes boolean DEFAULT true NOT NULL
);

--
-- Name: TABLE relay_process; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON TABLE tide.relay_process IS 'Relay processes and the backend of their lock connection, by which their life is seen.';

--
-- Name: COLUMN relay_process.pipelines; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON COLUMN tide.relay_process.pipelines IS 'The pipelines it was told to run; none: all of its relay group.';

--
-- Name: COLUMN relay_process.takes; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON COLUMN tide.relay_process.takes IS 'Whether it takes pipelines: not before it knows them, nor while it finishes what is in flight and leaves.';

--
-- Name: relay_processes; Type: VIEW; Schema: tide; Owner: -
--

CREATE VIEW tide.relay_processes AS
 SELECT name,
    version,
    started_at,
    last_heartbeat,
    ( SELECT count(*) AS count
           FROM tide._owners() w(group_id, relay_id, relay)
          WHERE (w.relay_id = r.id)) AS pipelines,
    backend_pid
   FROM tide._live_relays() r(id, name, version, backend_pid, started_at, last_heartbeat)
  ORDER BY name, started_at;

--
-- Name: VIEW relay_processes; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON VIEW tide.relay_processes IS 'The relays that live: since when they are connected, and when their lock connection last said so.';

--
-- Name: relay_status; Type: VIEW; Schema: tide; Owner: -
--

CREATE VIEW tide.relay_status AS
 SELECT l.name AS pipeline,
    o.name AS outbox,
    g.name AS consumer_group,
    (l.config ->> 'brokers'::text) AS brokers,
    COALESCE((l.config ->> 'topic'::text), ((l.config ->> 'topic_prefix'::text) || '{outbox}'::text)) AS topic,
    l.enabled,
    t.state,
    w.relay AS owner,
        CASE
            WHEN ((t.state = s.state) OR (t.state = 'idle'::text)) THEN s.since
            ELSE NULL::timestamp with time zone
        END AS since,
    p.delivered,
    p.filtered,
    p.dead_lettered,
    u.pending,
    u.is_estimate AS pending_is_estimate,
        CASE
            WHEN (u.pending = 0) THEN (0)::double precision
            WHEN (u.pending > 0) THEN (round(GREATEST(EXTRACT(epoch FROM (clock_timestamp() - u.oldest)), (0)::numeric), 3))::double precision
            ELSE NULL::double precision
        END AS lag_seconds,
    p.last_delivered_at,
    s.reason AS last_error,
    s.hint,
        CASE
            WHEN (t.state = s.state) THEN s.next_try
            ELSE NULL::timestamp with time zone
        END AS next_retry,
    c.parked_keys,
    c.dead_letters
   FROM ((((((((tide.pipeline l
     JOIN tide.outbox o ON ((o.id = l.outbox_id)))
     JOIN tide.consumer_group g ON ((g.id = l.group_id)))
     JOIN tide."position" p ON ((p.group_id = l.group_id)))
     CROSS JOIN LATERAL tide._pending(l.group_id, 10000) u(pending, is_estimate, oldest))
     LEFT JOIN tide._owners() w(group_id, relay_id, relay) ON ((w.group_id = l.group_id)))
     LEFT JOIN tide._dead_letter_counts(NULL::text) c(pipeline, dead_letters, parked_keys) ON ((c.pipeline = l.name)))
     LEFT JOIN tide.pipeline_state s ON ((s.pipeline_id = l.id)))
     CROSS JOIN LATERAL ( SELECT
                CASE
                    WHEN (NOT l.enabled) THEN 'disabled'::text
                    WHEN ((w.relay_id IS NULL) AND (s.state = ANY (ARRAY['failed'::text, 'halted'::text])) AND (EXISTS ( SELECT
                       FROM tide._live_relays() _live_relays(id, name, version, backend_pid, started_at, last_heartbeat)))) THEN s.state
                    WHEN ((w.relay_id IS NULL) AND (s.state = 'retrying'::text) AND (s.next_try > (clock_timestamp() - '00:00:05'::interval)) AND (EXISTS ( SELECT
                       FROM tide._live_relays() _live_relays(id, name, version, backend_pid, started_at, last_heartbeat)))) THEN s.state
                    WHEN (w.relay_id IS NULL) THEN 'not owned'::text
                    WHEN (COALESCE(s.state, 'running'::text) <> 'running'::text) THEN s.state
                    WHEN (u.pending = 0) THEN 'idle'::text
                    ELSE 'running'::text
                END AS "case") t(state))
  ORDER BY l.name;

--
-- Name: VIEW relay_status; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON VIEW tide.relay_status IS 'Every pipeline as it stands now. state: running, idle, retrying, failed, halted, disabled, or not owned when no live relay runs it.';

--
-- Name: schema_applied; Type: TABLE; Schema: tide; Owner: -
--

CREATE TABLE tide.schema_applied (
    version text NOT NULL,
    digest text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL,
    one_row boolean DEFAULT true NOT NULL,
    CONSTRAINT schema_applied_one_row_check CHECK (one_row)
);

--
-- Name: TABLE schema_applied; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON TABLE tide.schema_applied IS 'One row: which program''s functions, views, options and grants stand here, and the digest of their texts.';

--
-- Name: secret; Type: TABLE; Schema: tide; Owner: -
--

CREATE TABLE tide.secret (
    name text NOT NULL,
    key_id text NOT NULL,
    ciphertext bytea NOT NULL,
    set_at timestamp with time zone DEFAULT now() NOT NULL
);

--
-- Name: TABLE secret; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON TABLE tide.secret IS 'Secrets that pipelines refer to, encrypted by pg-tide before they came here.';

--
-- Name: COLUMN secret.key_id; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON COLUMN tide.secret.key_id IS 'What the key is known by that encrypted it; tells nothing of the key.';

--
-- Name: COLUMN secret.ciphertext; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON COLUMN tide.secret.ciphertext IS 'AES-256-GCM: 12 bytes of nonce, the value, 16 bytes of tag. Good for this name alone.';

--
-- Name: secrets; Type: VIEW; Schema: tide; Owner: -
--

CREATE VIEW tide.secrets AS
 SELECT name,
    key_id,
    set_at,
    ARRAY( SELECT u.pipeline
           FROM tide._secret_users() u(secret, pipeline)
          WHERE (u.secret = s.name)
          ORDER BY u.pipeline) AS pipelines
   FROM tide.secret s
  ORDER BY name;

--
-- Name: VIEW secrets; Type: COMMENT; Schema: tide; Owner: -
--

COMMENT ON VIEW tide.secrets IS 'The names of the secrets that are stored, what their key is known by, and the pipelines that refer to them; no value, not even an encrypted one.';

--
-- Name: consumer_group consumer_group_outbox_id_name_key; Type: CONSTRAINT; Schema: tide; Owner: -
--

ALTER TABLE ONLY tide.consumer_group
    ADD CONSTRAINT consumer_group_outbox_id_name_key UNIQUE (outbox_id, name);

--
-- Name: consumer_group consumer_group_pkey; Type: CONSTRAINT; Schema: tide; Owner: -
--

ALTER TABLE ONLY tide.consumer_group
    ADD CONSTRAINT consumer_group_pkey PRIMARY KEY (id);

--
-- Name: dead_letter dead_letter_pkey; Type: CONSTRAINT; Schema: tide; Owner: -
--

ALTER TABLE ONLY tide.dead_letter
    ADD CONSTRAINT dead_letter_pkey PRIMARY KEY (id);

--
-- Name: installation installation_pkey; Type: CONSTRAINT; Schema: tide; Owner: -
--

ALTER TABLE ONLY tide.installation
    ADD CONSTRAINT installation_pkey PRIMARY KEY (one_row);

--
-- Name: intent intent_pkey; Type: CONSTRAINT; Schema: tide; Owner: -
--

ALTER TABLE ONLY tide.intent
    ADD CONSTRAINT intent_pkey PRIMARY KEY (group_id, number);

--
-- Name: lease lease_pkey; Type: CONSTRAINT; Schema: tide; Owner: -
--

ALTER TABLE ONLY tide.lease
    ADD CONSTRAINT lease_pkey PRIMARY KEY (group_id);

--
-- Name: migration migration_pkey; Type: CONSTRAINT; Schema: tide; Owner: -
--

ALTER TABLE ONLY tide.migration
    ADD CONSTRAINT migration_pkey PRIMARY KEY (number);

--
-- Name: option option_pkey; Type: CONSTRAINT; Schema: tide; Owner: -
--

ALTER TABLE ONLY tide.option
    ADD CONSTRAINT option_pkey PRIMARY KEY (name);

--
-- Name: outbox outbox_name_key; Type: CONSTRAINT; Schema: tide; Owner: -
--

ALTER TABLE ONLY tide.outbox
    ADD CONSTRAINT outbox_name_key UNIQUE (name);

--
-- Name: outbox outbox_pkey; Type: CONSTRAINT; Schema: tide; Owner: -
--

ALTER TABLE ONLY tide.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);

--
-- Name: partition_arrival partition_arrival_pkey; Type: CONSTRAINT; Schema: tide; Owner: -
--

ALTER TABLE ONLY tide.partition_arrival
    ADD CONSTRAINT partition_arrival_pkey PRIMARY KEY (pipeline_id, topic, partition);

--
-- Name: pipeline pipeline_group_id_key; Type: CONSTRAINT; Schema: tide; Owner: -
--

ALTER TABLE ONLY tide.pipeline
    ADD CONSTRAINT pipeline_group_id_key UNIQUE (group_id);

--
-- Name: pipeline pipeline_name_key; Type: CONSTRAINT; Schema: tide; Owner: -
--

ALTER TABLE ONLY tide.pipeline
    ADD CONSTRAINT pipeline_name_key UNIQUE (name);

--
-- Name: pipeline pipeline_pkey; Type: CONSTRAINT; Schema: tide; Owner: -
--

ALTER TABLE ONLY tide.pipeline
    ADD CONSTRAINT pipeline_pkey PRIMARY KEY (id);

--
-- Name: pipeline_state pipeline_state_pkey; Type: CONSTRAINT; Schema: tide; Owner: -
--

ALTER TABLE ONLY tide.pipeline_state
    ADD CONSTRAINT pipeline_state_pkey PRIMARY KEY (pipeline_id);

--
-- Name: position position_pkey; Type: CONSTRAINT; Schema: tide; Owner: -
--

ALTER TABLE ONLY tide."position"
    ADD CONSTRAINT position_pkey PRIMARY KEY (group_id);

--
-- Name: relay_process relay_process_pkey; Type: CONSTRAINT; Schema: tide; Owner: -
--

ALTER TABLE ONLY tide.relay_process
    ADD CONSTRAINT relay_process_pkey PRIMARY KEY (id);

--
-- Name: schema_applied schema_applied_pkey; Type: CONSTRAINT; Schema: tide; Owner: -
--

ALTER TABLE ONLY tide.schema_applied
    ADD CONSTRAINT schema_applied_pkey PRIMARY KEY (one_row);

--
-- Name: secret secret_pkey; Type: CONSTRAINT; Schema: tide; Owner: -
--

ALTER TABLE ONLY tide.secret
    ADD CONSTRAINT secret_pkey PRIMARY KEY (name);

--
-- Name: dead_letter_chain; Type: INDEX; Schema: tide; Owner: -
--

CREATE INDEX dead_letter_chain ON tide.dead_letter USING btree (pipeline_id, key_hash, id) WHERE (parks_key AND (state = ANY (ARRAY['waiting'::text, 'parked'::text, 'retrying'::text])));

--
-- Name: dead_letter_discarded; Type: INDEX; Schema: tide; Owner: -
--

CREATE INDEX dead_letter_discarded ON tide.dead_letter USING btree (pipeline_id, message_id) WHERE (state = 'discarded'::text);

--
-- Name: dead_letter_parked; Type: INDEX; Schema: tide; Owner: -
--

CREATE INDEX dead_letter_parked ON tide.dead_letter USING btree (pipeline_id, id) WHERE (state = 'parked'::text);

--
-- Name: dead_letter_resolved; Type: INDEX; Schema: tide; Owner: -
--

CREATE INDEX dead_letter_resolved ON tide.dead_letter USING btree (pipeline_id, resolved_at) WHERE (state = ANY (ARRAY['delivered'::text, 'filtered'::text, 'discarded'::text]));

--
-- Name: dead_letter_retrying; Type: INDEX; Schema: tide; Owner: -
--

CREATE INDEX dead_letter_retrying ON tide.dead_letter USING btree (pipeline_id, id) WHERE (state = 'retrying'::text);

--
-- Name: dead_letter_unresolved; Type: INDEX; Schema: tide; Owner: -
--

CREATE UNIQUE INDEX dead_letter_unresolved ON tide.dead_letter USING btree (pipeline_id, message_id) WHERE (state = ANY (ARRAY['waiting'::text, 'parked'::text, 'retrying'::text]));

--
-- Name: dead_letter_waiting; Type: INDEX; Schema: tide; Owner: -
--

CREATE INDEX dead_letter_waiting ON tide.dead_letter USING btree (pipeline_id, key_hash, id) WHERE (parks_key AND (state = 'waiting'::text));

--
-- Name: message_id; Type: INDEX; Schema: tide; Owner: -
--

CREATE INDEX message_id ON ONLY tide.message USING btree (id);

--
-- Name: message_xid; Type: INDEX; Schema: tide; Owner: -
--

CREATE INDEX message_xid ON ONLY tide.message USING btree (xid);

--
-- Name: consumer_group consumer_group_outbox_id_fkey; Type: FK CONSTRAINT; Schema: tide; Owner: -
--

ALTER TABLE ONLY tide.consumer_group
    ADD CONSTRAINT consumer_group_outbox_id_fkey FOREIGN KEY (outbox_id) REFERENCES tide.outbox(id);

--
-- Name: dead_letter dead_letter_outbox_id_fkey; Type: FK CONSTRAINT; Schema: tide; Owner: -
--

ALTER TABLE ONLY tide.dead_letter
    ADD CONSTRAINT dead_letter_outbox_id_fkey FOREIGN KEY (outbox_id) REFERENCES tide.outbox(id) ON DELETE CASCADE;

--
-- Name: dead_letter dead_letter_pipeline_id_fkey; Type: FK CONSTRAINT; Schema: tide; Owner: -
--

ALTER TABLE ONLY tide.dead_letter
    ADD CONSTRAINT dead_letter_pipeline_id_fkey FOREIGN KEY (pipeline_id) REFERENCES tide.pipeline(id) ON DELETE CASCADE;

--
-- Name: intent intent_group_id_fkey; Type: FK CONSTRAINT; Schema: tide; Owner: -
--

ALTER TABLE ONLY tide.intent
    ADD CONSTRAINT intent_group_id_fkey FOREIGN KEY (group_id) REFERENCES tide.consumer_group(id) ON DELETE CASCADE;

--
-- Name: partition_arrival partition_arrival_pipeline_id_fkey; Type: FK CONSTRAINT; Schema: tide; Owner: -
--

ALTER TABLE ONLY tide.partition_arrival
    ADD CONSTRAINT partition_arrival_pipeline_id_fkey FOREIGN KEY (pipeline_id) REFERENCES tide.pipeline(id) ON DELETE CASCADE;

--
-- Name: pipeline pipeline_group_id_fkey; Type: FK CONSTRAINT; Schema: tide; Owner: -
--

ALTER TABLE ONLY tide.pipeline
    ADD CONSTRAINT pipeline_group_id_fkey FOREIGN KEY (group_id) REFERENCES tide.consumer_group(id);

--
-- Name: pipeline pipeline_outbox_id_fkey; Type: FK CONSTRAINT; Schema: tide; Owner: -
--

ALTER TABLE ONLY tide.pipeline
    ADD CONSTRAINT pipeline_outbox_id_fkey FOREIGN KEY (outbox_id) REFERENCES tide.outbox(id);

--
-- Name: pipeline_state pipeline_state_pipeline_id_fkey; Type: FK CONSTRAINT; Schema: tide; Owner: -
--

ALTER TABLE ONLY tide.pipeline_state
    ADD CONSTRAINT pipeline_state_pipeline_id_fkey FOREIGN KEY (pipeline_id) REFERENCES tide.pipeline(id) ON DELETE CASCADE;

--
-- Name: position position_group_id_fkey; Type: FK CONSTRAINT; Schema: tide; Owner: -
--

ALTER TABLE ONLY tide."position"
    ADD CONSTRAINT position_group_id_fkey FOREIGN KEY (group_id) REFERENCES tide.consumer_group(id) ON DELETE CASCADE;

--
-- Name: SCHEMA tide; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA tide TO tide_publisher;
GRANT USAGE ON SCHEMA tide TO tide_relay;
GRANT USAGE ON SCHEMA tide TO tide_admin;
GRANT USAGE ON SCHEMA tide TO tide_viewer;

--
-- Name: FUNCTION _add_group(outbox_id integer, name text, start_from text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._add_group(outbox_id integer, name text, start_from text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._add_group(outbox_id integer, name text, start_from text) TO tide_relay;

--
-- Name: FUNCTION _apply_seek(group_id integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._apply_seek(group_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._apply_seek(group_id integer) TO tide_relay;

--
-- Name: FUNCTION _are_headers(headers jsonb); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._are_headers(headers jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._are_headers(headers jsonb) TO tide_relay;

--
-- Name: FUNCTION _attempt(group_id integer, epoch uuid, message_id bigint); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._attempt(group_id integer, epoch uuid, message_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._attempt(group_id integer, epoch uuid, message_id bigint) TO tide_relay;

--
-- Name: FUNCTION _attribute_map_problems(path text, attributes jsonb); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._attribute_map_problems(path text, attributes jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._attribute_map_problems(path text, attributes jsonb) TO tide_relay;

--
-- Name: FUNCTION _await_ring(outbox_id integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._await_ring(outbox_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._await_ring(outbox_id integer) TO tide_relay;

--
-- Name: FUNCTION _broken_rules(config jsonb, wrong text[]); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._broken_rules(config jsonb, wrong text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._broken_rules(config jsonb, wrong text[]) TO tide_relay;

--
-- Name: FUNCTION _chains(ids bigint[]); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._chains(ids bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._chains(ids bigint[]) TO tide_relay;

--
-- Name: FUNCTION _check_arrays(payloads jsonb[], dedup_keys text[], headers jsonb[], ops text[], keys text[]); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._check_arrays(payloads jsonb[], dedup_keys text[], headers jsonb[], ops text[], keys text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._check_arrays(payloads jsonb[], dedup_keys text[], headers jsonb[], ops text[], keys text[]) TO tide_relay;

--
-- Name: FUNCTION _check_headers(headers jsonb); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._check_headers(headers jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._check_headers(headers jsonb) TO tide_relay;

--
-- Name: FUNCTION _check_message_limit(max_message_bytes integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._check_message_limit(max_message_bytes integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._check_message_limit(max_message_bytes integer) TO tide_relay;

--
-- Name: FUNCTION _check_name(what text, name text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._check_name(what text, name text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._check_name(what text, name text) TO tide_relay;

--
-- Name: FUNCTION _check_retention(retention_hours numeric); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._check_retention(retention_hours numeric) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._check_retention(retention_hours numeric) TO tide_relay;

--
-- Name: FUNCTION _check_secret(name text, key_id text, ciphertext bytea); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._check_secret(name text, key_id text, ciphertext bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._check_secret(name text, key_id text, ciphertext bytea) TO tide_relay;

--
-- Name: FUNCTION _column_problem(declared jsonb); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._column_problem(declared jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._column_problem(declared jsonb) TO tide_relay;

--
-- Name: FUNCTION _columns_problems(path text, columns jsonb); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._columns_problems(path text, columns jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._columns_problems(path text, columns jsonb) TO tide_relay;

--
-- Name: TABLE intent; Type: ACL; Schema: tide; Owner: -
--

GRANT SELECT ON TABLE tide.intent TO tide_relay;

--
-- Name: FUNCTION _commit(group_id integer, epoch uuid, row_ctid tid, done pg_snapshot, page pg_snapshot, last_id bigint, delivered bigint, filtered bigint, dead_lettered bigint, confirmed tide.intent, next_floor bigint); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._commit(group_id integer, epoch uuid, row_ctid tid, done pg_snapshot, page pg_snapshot, last_id bigint, delivered bigint, filtered bigint, dead_lettered bigint, confirmed tide.intent, next_floor bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._commit(group_id integer, epoch uuid, row_ctid tid, done pg_snapshot, page pg_snapshot, last_id bigint, delivered bigint, filtered bigint, dead_lettered bigint, confirmed tide.intent, next_floor bigint) TO tide_relay;

--
-- Name: FUNCTION _commit_letters(group_id integer, epoch uuid, INOUT row_ctid tid, done pg_snapshot, page pg_snapshot, last_id bigint, delivered bigint, filtered bigint, letters jsonb, replayed bigint[], replayed_filtered bigint[], OUT still_parked text[]); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._commit_letters(group_id integer, epoch uuid, INOUT row_ctid tid, done pg_snapshot, page pg_snapshot, last_id bigint, delivered bigint, filtered bigint, letters jsonb, replayed bigint[], replayed_filtered bigint[], OUT still_parked text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._commit_letters(group_id integer, epoch uuid, INOUT row_ctid tid, done pg_snapshot, page pg_snapshot, last_id bigint, delivered bigint, filtered bigint, letters jsonb, replayed bigint[], replayed_filtered bigint[], OUT still_parked text[]) TO tide_relay;

--
-- Name: FUNCTION _config_entries(config jsonb); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._config_entries(config jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._config_entries(config jsonb) TO tide_relay;

--
-- Name: FUNCTION _config_given(config jsonb); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._config_given(config jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._config_given(config jsonb) TO tide_relay;

--
-- Name: FUNCTION _config_name_problems(config jsonb); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._config_name_problems(config jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._config_name_problems(config jsonb) TO tide_relay;

--
-- Name: FUNCTION _config_problems(config jsonb); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._config_problems(config jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._config_problems(config jsonb) TO tide_relay;

--
-- Name: FUNCTION _config_value(config jsonb, option text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._config_value(config jsonb, option text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._config_value(config jsonb, option text) TO tide_relay;

--
-- Name: FUNCTION _config_value_problems(config jsonb); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._config_value_problems(config jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._config_value_problems(config jsonb) TO tide_relay;

--
-- Name: FUNCTION _confirm(group_id integer, epoch uuid, INOUT row_ctid tid, number bigint, OUT still_parked text[], OUT dead_lettered bigint); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._confirm(group_id integer, epoch uuid, INOUT row_ctid tid, number bigint, OUT still_parked text[], OUT dead_lettered bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._confirm(group_id integer, epoch uuid, INOUT row_ctid tid, number bigint, OUT still_parked text[], OUT dead_lettered bigint) TO tide_relay;

--
-- Name: FUNCTION _copied_by(outbox_id integer, horizon bigint); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._copied_by(outbox_id integer, horizon bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._copied_by(outbox_id integer, horizon bigint) TO tide_relay;

--
-- Name: FUNCTION _create_ring(outbox_id integer, slots integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._create_ring(outbox_id integer, slots integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._create_ring(outbox_id integer, slots integer) TO tide_relay;

--
-- Name: FUNCTION _create_wake_sequence(outbox_id integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._create_wake_sequence(outbox_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._create_wake_sequence(outbox_id integer) TO tide_relay;

--
-- Name: FUNCTION _dead_letter_counts(relay_group text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._dead_letter_counts(relay_group text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._dead_letter_counts(relay_group text) TO tide_relay;
GRANT ALL ON FUNCTION tide._dead_letter_counts(relay_group text) TO tide_admin;
GRANT ALL ON FUNCTION tide._dead_letter_counts(relay_group text) TO tide_viewer;

--
-- Name: FUNCTION _dead_letter_words(pipeline_id integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._dead_letter_words(pipeline_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._dead_letter_words(pipeline_id integer) TO tide_relay;

--
-- Name: FUNCTION _delete_group(group_id integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._delete_group(group_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._delete_group(group_id integer) TO tide_relay;

--
-- Name: FUNCTION _delete_outbox(outbox_id integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._delete_outbox(outbox_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._delete_outbox(outbox_id integer) TO tide_relay;

--
-- Name: FUNCTION _draw_xid(); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._draw_xid() FROM PUBLIC;
GRANT ALL ON FUNCTION tide._draw_xid() TO tide_relay;

--
-- Name: FUNCTION _drop_empty_rings(); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._drop_empty_rings() FROM PUBLIC;
GRANT ALL ON FUNCTION tide._drop_empty_rings() TO tide_relay;

--
-- Name: FUNCTION _edit_distance(a text, b text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._edit_distance(a text, b text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._edit_distance(a text, b text) TO tide_relay;

--
-- Name: FUNCTION _empty_rings(); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._empty_rings() FROM PUBLIC;
GRANT ALL ON FUNCTION tide._empty_rings() TO tide_relay;

--
-- Name: FUNCTION _empty_slot(outbox_id integer, slot smallint); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._empty_slot(outbox_id integer, slot smallint) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._empty_slot(outbox_id integer, slot smallint) TO tide_relay;

--
-- Name: FUNCTION _end_blocker(group_id integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._end_blocker(group_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._end_blocker(group_id integer) TO tide_relay;

--
-- Name: FUNCTION _end_letters(group_id integer, epoch uuid, delivered bigint[], filtered bigint[]); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._end_letters(group_id integer, epoch uuid, delivered bigint[], filtered bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._end_letters(group_id integer, epoch uuid, delivered bigint[], filtered bigint[]) TO tide_relay;

--
-- Name: FUNCTION _end_silent_relays(caller uuid); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._end_silent_relays(caller uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._end_silent_relays(caller uuid) TO tide_relay;

--
-- Name: TABLE dead_letter; Type: ACL; Schema: tide; Owner: -
--

GRANT SELECT ON TABLE tide.dead_letter TO tide_relay;

--
-- Name: FUNCTION _existing_dead_letter(id bigint); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._existing_dead_letter(id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._existing_dead_letter(id bigint) TO tide_relay;

--
-- Name: FUNCTION _existing_group(outbox text, name text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._existing_group(outbox text, name text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._existing_group(outbox text, name text) TO tide_relay;

--
-- Name: FUNCTION _existing_outbox(outbox text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._existing_outbox(outbox text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._existing_outbox(outbox text) TO tide_relay;

--
-- Name: FUNCTION _existing_pipeline(pipeline text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._existing_pipeline(pipeline text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._existing_pipeline(pipeline text) TO tide_relay;

--
-- Name: FUNCTION _existing_secret(name text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._existing_secret(name text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._existing_secret(name text) TO tide_relay;

--
-- Name: TABLE option; Type: ACL; Schema: tide; Owner: -
--

GRANT SELECT ON TABLE tide.option TO tide_relay;

--
-- Name: FUNCTION _expected(declared tide.option); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._expected(declared tide.option) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._expected(declared tide.option) TO tide_relay;

--
-- Name: FUNCTION _first_of_chain(pipeline_id integer, key text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._first_of_chain(pipeline_id integer, key text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._first_of_chain(pipeline_id integer, key text) TO tide_relay;

--
-- Name: FUNCTION _foreign_error(outbox text, what text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._foreign_error(outbox text, what text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._foreign_error(outbox text, what text) TO tide_relay;

--
-- Name: FUNCTION _foreign_xid(outbox_id integer, message_id bigint); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._foreign_xid(outbox_id integer, message_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._foreign_xid(outbox_id integer, message_id bigint) TO tide_relay;

--
-- Name: FUNCTION _format_problems(format text, path text, value jsonb); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._format_problems(format text, path text, value jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._format_problems(format text, path text, value jsonb) TO tide_relay;

--
-- Name: FUNCTION _free_orphans(pipeline_id integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._free_orphans(pipeline_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._free_orphans(pipeline_id integer) TO tide_relay;

--
-- Name: FUNCTION _full_xid(own xid, horizon bigint); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._full_xid(own xid, horizon bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._full_xid(own xid, horizon bigint) TO tide_relay;

--
-- Name: FUNCTION _give_way(pipeline_id integer, since timestamp with time zone); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._give_way(pipeline_id integer, since timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._give_way(pipeline_id integer, since timestamp with time zone) TO tide_relay;

--
-- Name: FUNCTION _group_note(outbox_id integer, group_id integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._group_note(outbox_id integer, group_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._group_note(outbox_id integer, group_id integer) TO tide_relay;

--
-- Name: FUNCTION _group_to_read(outbox_id integer, name text, start_from text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._group_to_read(outbox_id integer, name text, start_from text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._group_to_read(outbox_id integer, name text, start_from text) TO tide_relay;

--
-- Name: FUNCTION _has_foreign_messages(outbox_id integer, horizon bigint); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._has_foreign_messages(outbox_id integer, horizon bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._has_foreign_messages(outbox_id integer, horizon bigint) TO tide_relay;

--
-- Name: FUNCTION _has_retries(pipeline_id integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._has_retries(pipeline_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._has_retries(pipeline_id integer) TO tide_relay;

--
-- Name: FUNCTION _have_work(group_ids integer[], epochs uuid[], outbox_ids integer[], dones pg_snapshot[]); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._have_work(group_ids integer[], epochs uuid[], outbox_ids integer[], dones pg_snapshot[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._have_work(group_ids integer[], epochs uuid[], outbox_ids integer[], dones pg_snapshot[]) TO tide_relay;

--
-- Name: FUNCTION _header_map_problems(path text, headers jsonb); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._header_map_problems(path text, headers jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._header_map_problems(path text, headers jsonb) TO tide_relay;

--
-- Name: FUNCTION _hold_position(group_id integer, epoch uuid); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._hold_position(group_id integer, epoch uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._hold_position(group_id integer, epoch uuid) TO tide_relay;

--
-- Name: FUNCTION _host_port_list_problems(list text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._host_port_list_problems(list text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._host_port_list_problems(list text) TO tide_relay;

--
-- Name: FUNCTION _host_port_problem(entry text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._host_port_problem(entry text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._host_port_problem(entry text) TO tide_relay;

--
-- Name: FUNCTION _in_progress_too(base pg_snapshot, xids bigint[]); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._in_progress_too(base pg_snapshot, xids bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._in_progress_too(base pg_snapshot, xids bigint[]) TO tide_relay;

--
-- Name: FUNCTION _intend(group_id integer, epoch uuid, intent jsonb); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._intend(group_id integer, epoch uuid, intent jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._intend(group_id integer, epoch uuid, intent jsonb) TO tide_relay;

--
-- Name: FUNCTION _intents(group_id integer, epoch uuid); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._intents(group_id integer, epoch uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._intents(group_id integer, epoch uuid) TO tide_relay;

--
-- Name: FUNCTION _is_in_clear(value jsonb); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._is_in_clear(value jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._is_in_clear(value jsonb) TO tide_relay;

--
-- Name: FUNCTION _is_large(outbox_id integer, done pg_snapshot); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._is_large(outbox_id integer, done pg_snapshot) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._is_large(outbox_id integer, done pg_snapshot) TO tide_relay;

--
-- Name: FUNCTION _is_misplaced(value jsonb); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._is_misplaced(value jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._is_misplaced(value jsonb) TO tide_relay;

--
-- Name: FUNCTION _is_only_outbox(); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._is_only_outbox() FROM PUBLIC;
GRANT ALL ON FUNCTION tide._is_only_outbox() TO tide_relay;

--
-- Name: FUNCTION _is_reference(value jsonb); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._is_reference(value jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._is_reference(value jsonb) TO tide_relay;

--
-- Name: FUNCTION _is_section(name text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._is_section(name text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._is_section(name text) TO tide_relay;

--
-- Name: FUNCTION _is_silent(state text, state_change timestamp with time zone); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._is_silent(state text, state_change timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._is_silent(state text, state_change timestamp with time zone) TO tide_relay;

--
-- Name: FUNCTION _is_sparse(outbox_id integer, done pg_snapshot, last_id bigint, max_messages integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._is_sparse(outbox_id integer, done pg_snapshot, last_id bigint, max_messages integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._is_sparse(outbox_id integer, done pg_snapshot, last_id bigint, max_messages integer) TO tide_relay;

--
-- Name: FUNCTION _is_walked(outbox_id integer, done pg_snapshot, floor_id bigint, max_messages integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._is_walked(outbox_id integer, done pg_snapshot, floor_id bigint, max_messages integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._is_walked(outbox_id integer, done pg_snapshot, floor_id bigint, max_messages integer) TO tide_relay;

--
-- Name: FUNCTION _kept_intents(group_id integer, above bigint); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._kept_intents(group_id integer, above bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._kept_intents(group_id integer, above bigint) TO tide_relay;

--
-- Name: FUNCTION _key_template_problems(template text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._key_template_problems(template text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._key_template_problems(template text) TO tide_relay;

--
-- Name: FUNCTION _lag(relay_group text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._lag(relay_group text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._lag(relay_group text) TO tide_relay;

--
-- Name: FUNCTION _last_id_drawn(); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._last_id_drawn() FROM PUBLIC;
GRANT ALL ON FUNCTION tide._last_id_drawn() TO tide_relay;

--
-- Name: FUNCTION _latest_snapshot(); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._latest_snapshot() FROM PUBLIC;
GRANT ALL ON FUNCTION tide._latest_snapshot() TO tide_relay;

--
-- Name: FUNCTION _lead_chains(resolved bigint[]); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._lead_chains(resolved bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._lead_chains(resolved bigint[]) TO tide_relay;

--
-- Name: FUNCTION _lease_floor(group_id integer, epoch uuid, row_ctid tid); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._lease_floor(group_id integer, epoch uuid, row_ctid tid) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._lease_floor(group_id integer, epoch uuid, row_ctid tid) TO tide_relay;

--
-- Name: FUNCTION _lease_held(group_id integer, epoch uuid); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._lease_held(group_id integer, epoch uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._lease_held(group_id integer, epoch uuid) TO tide_relay;

--
-- Name: FUNCTION _lease_lost(group_id integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._lease_lost(group_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._lease_lost(group_id integer) TO tide_relay;

--
-- Name: FUNCTION _leave(group_id integer, relay_id uuid); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._leave(group_id integer, relay_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._leave(group_id integer, relay_id uuid) TO tide_relay;

--
-- Name: FUNCTION _letters(letters jsonb); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._letters(letters jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._letters(letters jsonb) TO tide_relay;

--
-- Name: FUNCTION _live_relays(); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._live_relays() FROM PUBLIC;
GRANT ALL ON FUNCTION tide._live_relays() TO tide_relay;
GRANT ALL ON FUNCTION tide._live_relays() TO tide_admin;
GRANT ALL ON FUNCTION tide._live_relays() TO tide_viewer;

--
-- Name: FUNCTION _lock_class(); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._lock_class() FROM PUBLIC;
GRANT ALL ON FUNCTION tide._lock_class() TO tide_relay;

--
-- Name: FUNCTION _lock_held(group_id integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._lock_held(group_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._lock_held(group_id integer) TO tide_relay;

--
-- Name: FUNCTION _lock_ring(outbox_id integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._lock_ring(outbox_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._lock_ring(outbox_id integer) TO tide_relay;

--
-- Name: FUNCTION _look(relay_group text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._look(relay_group text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._look(relay_group text) TO tide_relay;

--
-- Name: FUNCTION _lower_flags(outbox_ids integer[]); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._lower_flags(outbox_ids integer[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._lower_flags(outbox_ids integer[]) TO tide_relay;

--
-- Name: FUNCTION _masked(config jsonb, path text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._masked(config jsonb, path text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._masked(config jsonb, path text) TO tide_relay;

--
-- Name: FUNCTION _message_size(key text, dedup_key text, headers jsonb, payload jsonb, payload_bytes bytea, before jsonb); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._message_size(key text, dedup_key text, headers jsonb, payload jsonb, payload_bytes bytea, before jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._message_size(key text, dedup_key text, headers jsonb, payload jsonb, payload_bytes bytea, before jsonb) TO tide_relay;

--
-- Name: FUNCTION _message_too_large(outbox text, size integer, limit_bytes integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._message_too_large(outbox text, size integer, limit_bytes integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._message_too_large(outbox text, size integer, limit_bytes integer) TO tide_relay;

--
-- Name: FUNCTION _messages(outbox_id integer, ids bigint[]); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._messages(outbox_id integer, ids bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._messages(outbox_id integer, ids bigint[]) TO tide_relay;

--
-- Name: FUNCTION _name_problem(name text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._name_problem(name text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._name_problem(name text) TO tide_relay;

--
-- Name: FUNCTION _names_problems(path text, names jsonb); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._names_problems(path text, names jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._names_problems(path text, names jsonb) TO tide_relay;

--
-- Name: FUNCTION _nearest(name text, candidates text[]); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._nearest(name text, candidates text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._nearest(name text, candidates text[]) TO tide_relay;

--
-- Name: FUNCTION _next_floor(); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._next_floor() FROM PUBLIC;
GRANT ALL ON FUNCTION tide._next_floor() TO tide_relay;

--
-- Name: FUNCTION _next_ids(group_id integer, at_most integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._next_ids(group_id integer, at_most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._next_ids(group_id integer, at_most integer) TO tide_relay;

--
-- Name: FUNCTION _next_page(group_id integer, epoch uuid, outbox_id integer, done pg_snapshot, page pg_snapshot, last_id bigint, max_messages integer, max_bytes bigint, row_ctid tid); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._next_page(group_id integer, epoch uuid, outbox_id integer, done pg_snapshot, page pg_snapshot, last_id bigint, max_messages integer, max_bytes bigint, row_ctid tid) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._next_page(group_id integer, epoch uuid, outbox_id integer, done pg_snapshot, page pg_snapshot, last_id bigint, max_messages integer, max_bytes bigint, row_ctid tid) TO tide_relay;

--
-- Name: FUNCTION _no_such_message(pipeline_id integer, message_id bigint); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._no_such_message(pipeline_id integer, message_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._no_such_message(pipeline_id integer, message_id bigint) TO tide_relay;

--
-- Name: FUNCTION _no_such_outbox(outbox text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._no_such_outbox(outbox text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._no_such_outbox(outbox text) TO tide_relay;

--
-- Name: FUNCTION _notice_of_left_group(left_group integer, new_group integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._notice_of_left_group(left_group integer, new_group integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._notice_of_left_group(left_group integer, new_group integer) TO tide_relay;

--
-- Name: FUNCTION _open_window(group_id integer, epoch uuid, outbox_id integer, done pg_snapshot, max_messages integer, max_bytes bigint, floor_id bigint, row_ctid tid, page pg_snapshot, last_id bigint); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._open_window(group_id integer, epoch uuid, outbox_id integer, done pg_snapshot, max_messages integer, max_bytes bigint, floor_id bigint, row_ctid tid, page pg_snapshot, last_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._open_window(group_id integer, epoch uuid, outbox_id integer, done pg_snapshot, max_messages integer, max_bytes bigint, floor_id bigint, row_ctid tid, page pg_snapshot, last_id bigint) TO tide_relay;

--
-- Name: FUNCTION _option_suggestion(path text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._option_suggestion(path text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._option_suggestion(path text) TO tide_relay;

--
-- Name: FUNCTION _option_value(type text, value jsonb); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._option_value(type text, value jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._option_value(type text, value jsonb) TO tide_relay;

--
-- Name: FUNCTION _out_of_turn(group_id integer, number bigint, why text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._out_of_turn(group_id integer, number bigint, why text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._out_of_turn(group_id integer, number bigint, why text) TO tide_relay;

--
-- Name: FUNCTION _outbox_id(outbox text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._outbox_id(outbox text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._outbox_id(outbox text) TO tide_relay;

--
-- Name: FUNCTION _outbox_is_foreign(outbox_id integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._outbox_is_foreign(outbox_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._outbox_is_foreign(outbox_id integer) TO tide_relay;

--
-- Name: FUNCTION _owners(); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._owners() FROM PUBLIC;
GRANT ALL ON FUNCTION tide._owners() TO tide_relay;
GRANT ALL ON FUNCTION tide._owners() TO tide_admin;
GRANT ALL ON FUNCTION tide._owners() TO tide_viewer;

--
-- Name: FUNCTION _parked_keys(group_id integer, at_most integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._parked_keys(group_id integer, at_most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._parked_keys(group_id integer, at_most integer) TO tide_relay;

--
-- Name: FUNCTION _pending(group_id integer, at_most integer, slot integer, OUT pending bigint, OUT is_estimate boolean, OUT oldest timestamp with time zone); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._pending(group_id integer, at_most integer, slot integer, OUT pending bigint, OUT is_estimate boolean, OUT oldest timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._pending(group_id integer, at_most integer, slot integer, OUT pending bigint, OUT is_estimate boolean, OUT oldest timestamp with time zone) TO tide_relay;
GRANT ALL ON FUNCTION tide._pending(group_id integer, at_most integer, slot integer, OUT pending bigint, OUT is_estimate boolean, OUT oldest timestamp with time zone) TO tide_admin;
GRANT ALL ON FUNCTION tide._pending(group_id integer, at_most integer, slot integer, OUT pending bigint, OUT is_estimate boolean, OUT oldest timestamp with time zone) TO tide_viewer;

--
-- Name: FUNCTION _pipeline_problems(pipeline text, outbox text, consumer_group text, config jsonb); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._pipeline_problems(pipeline text, outbox text, consumer_group text, config jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._pipeline_problems(pipeline text, outbox text, consumer_group text, config jsonb) TO tide_relay;

--
-- Name: FUNCTION _pipelines(relay_group text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._pipelines(relay_group text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._pipelines(relay_group text) TO tide_relay;

--
-- Name: TABLE "position"; Type: ACL; Schema: tide; Owner: -
--

GRANT SELECT ON TABLE tide."position" TO tide_relay;

--
-- Name: FUNCTION _place_to_read(p tide."position", OUT done pg_snapshot, OUT page pg_snapshot, OUT last_id bigint); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._place_to_read(p tide."position", OUT done pg_snapshot, OUT page pg_snapshot, OUT last_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._place_to_read(p tide."position", OUT done pg_snapshot, OUT page pg_snapshot, OUT last_id bigint) TO tide_relay;

--
-- Name: FUNCTION _placements_problems(path text, placements jsonb); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._placements_problems(path text, placements jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._placements_problems(path text, placements jsonb) TO tide_relay;

--
-- Name: FUNCTION _position_at(outbox_id integer, target text, OUT done pg_snapshot, OUT page pg_snapshot, OUT last_id bigint); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._position_at(outbox_id integer, target text, OUT done pg_snapshot, OUT page pg_snapshot, OUT last_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._position_at(outbox_id integer, target text, OUT done pg_snapshot, OUT page pg_snapshot, OUT last_id bigint) TO tide_relay;

--
-- Name: FUNCTION _put_aside(group_id integer, epoch uuid, letters jsonb); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._put_aside(group_id integer, epoch uuid, letters jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._put_aside(group_id integer, epoch uuid, letters jsonb) TO tide_relay;

--
-- Name: FUNCTION _queue_behind(new_ids bigint[]); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._queue_behind(new_ids bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._queue_behind(new_ids bigint[]) TO tide_relay;

--
-- Name: FUNCTION _raise_flags(outbox_ids integer[], seconds integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._raise_flags(outbox_ids integer[], seconds integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._raise_flags(outbox_ids integer[], seconds integer) TO tide_relay;

--
-- Name: FUNCTION _raise_sequences(); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._raise_sequences() FROM PUBLIC;
GRANT ALL ON FUNCTION tide._raise_sequences() TO tide_relay;

--
-- Name: FUNCTION _reads_messages(); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._reads_messages() FROM PUBLIC;
GRANT ALL ON FUNCTION tide._reads_messages() TO tide_relay;
GRANT ALL ON FUNCTION tide._reads_messages() TO tide_admin;
GRANT ALL ON FUNCTION tide._reads_messages() TO tide_viewer;

--
-- Name: FUNCTION _rebase_position(group_id integer, done pg_snapshot); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._rebase_position(group_id integer, done pg_snapshot) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._rebase_position(group_id integer, done pg_snapshot) TO tide_relay;

--
-- Name: FUNCTION _reference_problems(value text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._reference_problems(value text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._reference_problems(value text) TO tide_relay;

--
-- Name: FUNCTION _refuse_dead_letters(pipeline_id integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._refuse_dead_letters(pipeline_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._refuse_dead_letters(pipeline_id integer) TO tide_relay;

--
-- Name: FUNCTION _refuse_foreign_outbox(outbox_id integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._refuse_foreign_outbox(outbox_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._refuse_foreign_outbox(outbox_id integer) TO tide_relay;

--
-- Name: FUNCTION _refuse_foreign_position(group_id integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._refuse_foreign_position(group_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._refuse_foreign_position(group_id integer) TO tide_relay;

--
-- Name: FUNCTION _refuse_null(what text, value text, hint text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._refuse_null(what text, value text, hint text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._refuse_null(what text, value text, hint text) TO tide_relay;

--
-- Name: FUNCTION _refuse_outbox_in_use(outbox_id integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._refuse_outbox_in_use(outbox_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._refuse_outbox_in_use(outbox_id integer) TO tide_relay;

--
-- Name: FUNCTION _refuse_pipeline(pipeline text, outbox text, consumer_group text, config jsonb); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._refuse_pipeline(pipeline text, outbox text, consumer_group text, config jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._refuse_pipeline(pipeline text, outbox text, consumer_group text, config jsonb) TO tide_relay;

--
-- Name: FUNCTION _refuse_publish(outbox text, op text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._refuse_publish(outbox text, op text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._refuse_publish(outbox text, op text) TO tide_relay;

--
-- Name: FUNCTION _register_relay(id uuid, name text, version text, relay_group text, pipelines text[], takes boolean); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._register_relay(id uuid, name text, version text, relay_group text, pipelines text[], takes boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._register_relay(id uuid, name text, version text, relay_group text, pipelines text[], takes boolean) TO tide_relay;

--
-- Name: FUNCTION _relay_rights(); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._relay_rights() FROM PUBLIC;
GRANT ALL ON FUNCTION tide._relay_rights() TO tide_relay;

--
-- Name: FUNCTION _renumber_messages(outbox_id integer, horizon bigint); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._renumber_messages(outbox_id integer, horizon bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._renumber_messages(outbox_id integer, horizon bigint) TO tide_relay;

--
-- Name: FUNCTION _report_state(pipeline_id integer, state text, reason text, hint text, next_try timestamp with time zone, epoch uuid); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._report_state(pipeline_id integer, state text, reason text, hint text, next_try timestamp with time zone, epoch uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._report_state(pipeline_id integer, state text, reason text, hint text, next_try timestamp with time zone, epoch uuid) TO tide_relay;

--
-- Name: FUNCTION _require_read_committed(); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._require_read_committed() FROM PUBLIC;
GRANT ALL ON FUNCTION tide._require_read_committed() TO tide_relay;

--
-- Name: FUNCTION _restart_users_of_secret(name text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._restart_users_of_secret(name text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._restart_users_of_secret(name text) TO tide_relay;

--
-- Name: FUNCTION _retained(outbox_id integer, at_most integer, OUT retained bigint, OUT is_estimate boolean); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._retained(outbox_id integer, at_most integer, OUT retained bigint, OUT is_estimate boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._retained(outbox_id integer, at_most integer, OUT retained bigint, OUT is_estimate boolean) TO tide_relay;

--
-- Name: FUNCTION _retained_estimate(outbox_id integer, from_id bigint); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._retained_estimate(outbox_id integer, from_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._retained_estimate(outbox_id integer, from_id bigint) TO tide_relay;

--
-- Name: FUNCTION _retention_held_by(outbox_id integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._retention_held_by(outbox_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._retention_held_by(outbox_id integer) TO tide_relay;

--
-- Name: FUNCTION _retries(group_id integer, epoch uuid, max_messages integer, max_bytes bigint); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._retries(group_id integer, epoch uuid, max_messages integer, max_bytes bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._retries(group_id integer, epoch uuid, max_messages integer, max_bytes bigint) TO tide_relay;

--
-- Name: FUNCTION _ring_is_due(outbox_id integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._ring_is_due(outbox_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._ring_is_due(outbox_id integer) TO tide_relay;

--
-- Name: FUNCTION _routing_member_problems(path text, name text, value jsonb); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._routing_member_problems(path text, name text, value jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._routing_member_problems(path text, name text, value jsonb) TO tide_relay;

--
-- Name: FUNCTION _routing_rule_problems(path text, rule jsonb); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._routing_rule_problems(path text, rule jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._routing_rule_problems(path text, rule jsonb) TO tide_relay;

--
-- Name: FUNCTION _routing_rules_problems(path text, rules jsonb); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._routing_rules_problems(path text, rules jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._routing_rules_problems(path text, rules jsonb) TO tide_relay;

--
-- Name: FUNCTION _rule_holds(among jsonb, value jsonb, given boolean); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._rule_holds(among jsonb, value jsonb, given boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._rule_holds(among jsonb, value jsonb, given boolean) TO tide_relay;

--
-- Name: TABLE option_rule; Type: ACL; Schema: tide; Owner: -
--

GRANT SELECT ON TABLE tide.option_rule TO tide_relay;

--
-- Name: FUNCTION _rule_is_broken(rule tide.option_rule, value jsonb, value_given boolean, other jsonb, other_given boolean); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._rule_is_broken(rule tide.option_rule, value jsonb, value_given boolean, other jsonb, other_given boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._rule_is_broken(rule tide.option_rule, value jsonb, value_given boolean, other jsonb, other_given boolean) TO tide_relay;

--
-- Name: FUNCTION _schema_problems(path text, schema jsonb); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._schema_problems(path text, schema jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._schema_problems(path text, schema jsonb) TO tide_relay;

--
-- Name: FUNCTION _secret_users(); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._secret_users() FROM PUBLIC;
GRANT ALL ON FUNCTION tide._secret_users() TO tide_relay;
GRANT ALL ON FUNCTION tide._secret_users() TO tide_admin;
GRANT ALL ON FUNCTION tide._secret_users() TO tide_viewer;

--
-- Name: FUNCTION _secrets_in(config jsonb); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._secrets_in(config jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._secrets_in(config jsonb) TO tide_relay;

--
-- Name: FUNCTION _sessions_using(ring regclass); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._sessions_using(ring regclass) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._sessions_using(ring regclass) TO tide_relay;

--
-- Name: FUNCTION _set_outbox_enabled(outbox text, enabled boolean); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._set_outbox_enabled(outbox text, enabled boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._set_outbox_enabled(outbox text, enabled boolean) TO tide_relay;

--
-- Name: FUNCTION _settle(group_id integer, epoch uuid, up_to bigint, OUT row_ctid tid, OUT done pg_snapshot, OUT page pg_snapshot, OUT last_id bigint); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._settle(group_id integer, epoch uuid, up_to bigint, OUT row_ctid tid, OUT done pg_snapshot, OUT page pg_snapshot, OUT last_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._settle(group_id integer, epoch uuid, up_to bigint, OUT row_ctid tid, OUT done pg_snapshot, OUT page pg_snapshot, OUT last_id bigint) TO tide_relay;

--
-- Name: FUNCTION _shown(value jsonb); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._shown(value jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._shown(value jsonb) TO tide_relay;

--
-- Name: FUNCTION _shown_name(name text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._shown_name(name text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._shown_name(name text) TO tide_relay;

--
-- Name: FUNCTION _slot_has_rows(outbox_id integer, slot smallint); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._slot_has_rows(outbox_id integer, slot smallint) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._slot_has_rows(outbox_id integer, slot smallint) TO tide_relay;

--
-- Name: FUNCTION _slot_is_awaited(outbox_id integer, slot smallint); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._slot_is_awaited(outbox_id integer, slot smallint) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._slot_is_awaited(outbox_id integer, slot smallint) TO tide_relay;

--
-- Name: FUNCTION _slot_is_expired(outbox_id integer, slot smallint); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._slot_is_expired(outbox_id integer, slot smallint) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._slot_is_expired(outbox_id integer, slot smallint) TO tide_relay;

--
-- Name: FUNCTION _slot_is_over(outbox_id integer, slot smallint); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._slot_is_over(outbox_id integer, slot smallint) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._slot_is_over(outbox_id integer, slot smallint) TO tide_relay;

--
-- Name: FUNCTION _stamp_outbox(outbox_id integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._stamp_outbox(outbox_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._stamp_outbox(outbox_id integer) TO tide_relay;

--
-- Name: FUNCTION _stamp_position(group_id integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._stamp_position(group_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._stamp_position(group_id integer) TO tide_relay;

--
-- Name: FUNCTION _start_from_problems(start_from text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._start_from_problems(start_from text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._start_from_problems(start_from text) TO tide_relay;

--
-- Name: FUNCTION _storage(); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._storage() FROM PUBLIC;
GRANT ALL ON FUNCTION tide._storage() TO tide_relay;

--
-- Name: FUNCTION _stored_secrets(names text[]); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._stored_secrets(names text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._stored_secrets(names text[]) TO tide_relay;

--
-- Name: FUNCTION _sweep(outbox_id integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._sweep(outbox_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._sweep(outbox_id integer) TO tide_relay;

--
-- Name: FUNCTION _sweep_dead_letters(); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._sweep_dead_letters() FROM PUBLIC;
GRANT ALL ON FUNCTION tide._sweep_dead_letters() TO tide_relay;

--
-- Name: FUNCTION _take_over(group_id integer, relay_id uuid); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._take_over(group_id integer, relay_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._take_over(group_id integer, relay_id uuid) TO tide_relay;

--
-- Name: FUNCTION _target_problem(target text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._target_problem(target text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._target_problem(target text) TO tide_relay;

--
-- Name: FUNCTION _tell_partitions(pipeline_ids integer[], topics text[], partitions integer[], last_offsets bigint[], rates double precision[], produced_at timestamp with time zone[]); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._tell_partitions(pipeline_ids integer[], topics text[], partitions integer[], last_offsets bigint[], rates double precision[], produced_at timestamp with time zone[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._tell_partitions(pipeline_ids integer[], topics text[], partitions integer[], last_offsets bigint[], rates double precision[], produced_at timestamp with time zone[]) TO tide_relay;

--
-- Name: FUNCTION _tell_relay(pipeline_id integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._tell_relay(pipeline_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._tell_relay(pipeline_id integer) TO tide_relay;

--
-- Name: FUNCTION _template_pieces(template text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._template_pieces(template text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._template_pieces(template text) TO tide_relay;

--
-- Name: FUNCTION _template_problems(template text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._template_problems(template text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._template_problems(template text) TO tide_relay;

--
-- Name: FUNCTION _text_problems(format text, value text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._text_problems(format text, value text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._text_problems(format text, value text) TO tide_relay;

--
-- Name: FUNCTION _to_sweep(seconds double precision); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._to_sweep(seconds double precision) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._to_sweep(seconds double precision) TO tide_relay;

--
-- Name: FUNCTION _topic_prefix_problems(prefix text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._topic_prefix_problems(prefix text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._topic_prefix_problems(prefix text) TO tide_relay;

--
-- Name: FUNCTION _topic_template_problems(template text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._topic_template_problems(template text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._topic_template_problems(template text) TO tide_relay;

--
-- Name: FUNCTION _try_lock(group_id integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._try_lock(group_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._try_lock(group_id integer) TO tide_relay;

--
-- Name: FUNCTION _try_locks(group_ids integer[]); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._try_locks(group_ids integer[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._try_locks(group_ids integer[]) TO tide_relay;

--
-- Name: FUNCTION _turn_ring(outbox_id integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._turn_ring(outbox_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._turn_ring(outbox_id integer) TO tide_relay;

--
-- Name: FUNCTION _unlock(group_id integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._unlock(group_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._unlock(group_id integer) TO tide_relay;

--
-- Name: FUNCTION _unregister_relay(id uuid); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._unregister_relay(id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._unregister_relay(id uuid) TO tide_relay;

--
-- Name: FUNCTION _value_problems(declared tide.option, value jsonb); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._value_problems(declared tide.option, value jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._value_problems(declared tide.option, value jsonb) TO tide_relay;

--
-- Name: FUNCTION _variable_problems(name text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._variable_problems(name text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._variable_problems(name text) TO tide_relay;

--
-- Name: FUNCTION _variable_suggestion(name text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._variable_suggestion(name text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._variable_suggestion(name text) TO tide_relay;

--
-- Name: FUNCTION _warn_of_clear_secrets(pipeline text, config jsonb); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._warn_of_clear_secrets(pipeline text, config jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._warn_of_clear_secrets(pipeline text, config jsonb) TO tide_relay;

--
-- Name: FUNCTION _warn_of_missing_secrets(pipeline text, config jsonb); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._warn_of_missing_secrets(pipeline text, config jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._warn_of_missing_secrets(pipeline text, config jsonb) TO tide_relay;

--
-- Name: FUNCTION _warn_of_risks(pipeline text, config jsonb); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide._warn_of_risks(pipeline text, config jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tide._warn_of_risks(pipeline text, config jsonb) TO tide_relay;

--
-- Name: FUNCTION consumer_group_create(outbox text, name text, start_from text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide.consumer_group_create(outbox text, name text, start_from text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide.consumer_group_create(outbox text, name text, start_from text) TO tide_admin;

--
-- Name: FUNCTION consumer_group_drop(outbox text, name text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide.consumer_group_drop(outbox text, name text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide.consumer_group_drop(outbox text, name text) TO tide_admin;

--
-- Name: FUNCTION consumer_group_seek(outbox text, name text, target text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide.consumer_group_seek(outbox text, name text, target text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide.consumer_group_seek(outbox text, name text, target text) TO tide_admin;

--
-- Name: FUNCTION dead_letter_discard(id bigint); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide.dead_letter_discard(id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION tide.dead_letter_discard(id bigint) TO tide_admin;

--
-- Name: FUNCTION dead_letter_discard_all(pipeline text, stage text, key text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide.dead_letter_discard_all(pipeline text, stage text, key text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide.dead_letter_discard_all(pipeline text, stage text, key text) TO tide_admin;

--
-- Name: FUNCTION dead_letter_retry(id bigint); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide.dead_letter_retry(id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION tide.dead_letter_retry(id bigint) TO tide_admin;

--
-- Name: FUNCTION dead_letter_retry_all(pipeline text, stage text, key text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide.dead_letter_retry_all(pipeline text, stage text, key text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide.dead_letter_retry_all(pipeline text, stage text, key text) TO tide_admin;

--
-- Name: FUNCTION outbox_alter(name text, retention_hours numeric, max_message_bytes integer); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide.outbox_alter(name text, retention_hours numeric, max_message_bytes integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tide.outbox_alter(name text, retention_hours numeric, max_message_bytes integer) TO tide_admin;

--
-- Name: FUNCTION outbox_create(name text, retention_hours numeric, slots integer, max_message_bytes integer, if_not_exists boolean); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide.outbox_create(name text, retention_hours numeric, slots integer, max_message_bytes integer, if_not_exists boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION tide.outbox_create(name text, retention_hours numeric, slots integer, max_message_bytes integer, if_not_exists boolean) TO tide_admin;

--
-- Name: FUNCTION outbox_disable(name text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide.outbox_disable(name text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide.outbox_disable(name text) TO tide_admin;

--
-- Name: FUNCTION outbox_drop(name text, if_exists boolean, force boolean); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide.outbox_drop(name text, if_exists boolean, force boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION tide.outbox_drop(name text, if_exists boolean, force boolean) TO tide_admin;

--
-- Name: FUNCTION outbox_enable(name text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide.outbox_enable(name text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide.outbox_enable(name text) TO tide_admin;

--
-- Name: FUNCTION outbox_publish(outbox text, payload jsonb, dedup_key text, headers jsonb, op text, key text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide.outbox_publish(outbox text, payload jsonb, dedup_key text, headers jsonb, op text, key text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide.outbox_publish(outbox text, payload jsonb, dedup_key text, headers jsonb, op text, key text) TO tide_publisher;
GRANT ALL ON FUNCTION tide.outbox_publish(outbox text, payload jsonb, dedup_key text, headers jsonb, op text, key text) TO tide_admin;

--
-- Name: FUNCTION outbox_publish_bytes(outbox text, payload bytea, dedup_key text, headers jsonb, op text, key text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide.outbox_publish_bytes(outbox text, payload bytea, dedup_key text, headers jsonb, op text, key text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide.outbox_publish_bytes(outbox text, payload bytea, dedup_key text, headers jsonb, op text, key text) TO tide_publisher;
GRANT ALL ON FUNCTION tide.outbox_publish_bytes(outbox text, payload bytea, dedup_key text, headers jsonb, op text, key text) TO tide_admin;

--
-- Name: FUNCTION outbox_publish_many(outbox text, payloads jsonb[], dedup_keys text[], headers jsonb[], ops text[], keys text[]); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide.outbox_publish_many(outbox text, payloads jsonb[], dedup_keys text[], headers jsonb[], ops text[], keys text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tide.outbox_publish_many(outbox text, payloads jsonb[], dedup_keys text[], headers jsonb[], ops text[], keys text[]) TO tide_publisher;
GRANT ALL ON FUNCTION tide.outbox_publish_many(outbox text, payloads jsonb[], dedup_keys text[], headers jsonb[], ops text[], keys text[]) TO tide_admin;

--
-- Name: FUNCTION outbox_rebase(name text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide.outbox_rebase(name text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide.outbox_rebase(name text) TO tide_admin;

--
-- Name: FUNCTION outbox_status(name text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide.outbox_status(name text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide.outbox_status(name text) TO tide_relay;
GRANT ALL ON FUNCTION tide.outbox_status(name text) TO tide_admin;
GRANT ALL ON FUNCTION tide.outbox_status(name text) TO tide_viewer;

--
-- Name: FUNCTION outbox_sweep(name text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide.outbox_sweep(name text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide.outbox_sweep(name text) TO tide_relay;
GRANT ALL ON FUNCTION tide.outbox_sweep(name text) TO tide_admin;

--
-- Name: FUNCTION relay_delete(pipeline text, drop_consumer_group boolean); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide.relay_delete(pipeline text, drop_consumer_group boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION tide.relay_delete(pipeline text, drop_consumer_group boolean) TO tide_admin;

--
-- Name: FUNCTION relay_disable(pipeline text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide.relay_disable(pipeline text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide.relay_disable(pipeline text) TO tide_admin;

--
-- Name: FUNCTION relay_enable(pipeline text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide.relay_enable(pipeline text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide.relay_enable(pipeline text) TO tide_admin;

--
-- Name: FUNCTION relay_get_config(pipeline text); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide.relay_get_config(pipeline text) FROM PUBLIC;
GRANT ALL ON FUNCTION tide.relay_get_config(pipeline text) TO tide_admin;

--
-- Name: FUNCTION relay_list_configs(); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide.relay_list_configs() FROM PUBLIC;
GRANT ALL ON FUNCTION tide.relay_list_configs() TO tide_admin;

--
-- Name: FUNCTION relay_resolve_transaction(pipeline text, committed boolean); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide.relay_resolve_transaction(pipeline text, committed boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION tide.relay_resolve_transaction(pipeline text, committed boolean) TO tide_admin;

--
-- Name: FUNCTION relay_set_outbox(pipeline text, outbox text, config jsonb); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide.relay_set_outbox(pipeline text, outbox text, config jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tide.relay_set_outbox(pipeline text, outbox text, config jsonb) TO tide_admin;

--
-- Name: FUNCTION relay_set_outbox(pipeline text, outbox text, consumer_group text, config jsonb, enabled boolean); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide.relay_set_outbox(pipeline text, outbox text, consumer_group text, config jsonb, enabled boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION tide.relay_set_outbox(pipeline text, outbox text, consumer_group text, config jsonb, enabled boolean) TO tide_admin;

--
-- Name: FUNCTION secret_drop(name text, force boolean); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide.secret_drop(name text, force boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION tide.secret_drop(name text, force boolean) TO tide_admin;

--
-- Name: FUNCTION secret_rotate(name text, old_ciphertext bytea, key_id text, ciphertext bytea); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide.secret_rotate(name text, old_ciphertext bytea, key_id text, ciphertext bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION tide.secret_rotate(name text, old_ciphertext bytea, key_id text, ciphertext bytea) TO tide_admin;

--
-- Name: FUNCTION secret_set(name text, key_id text, ciphertext bytea); Type: ACL; Schema: tide; Owner: -
--

REVOKE ALL ON FUNCTION tide.secret_set(name text, key_id text, ciphertext bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION tide.secret_set(name text, key_id text, ciphertext bytea) TO tide_admin;

--
-- Name: TABLE consumer_group; Type: ACL; Schema: tide; Owner: -
--

GRANT SELECT ON TABLE tide.consumer_group TO tide_relay;

--
-- Name: TABLE outbox; Type: ACL; Schema: tide; Owner: -
--

GRANT SELECT ON TABLE tide.outbox TO tide_relay;

--
-- Name: TABLE pipeline; Type: ACL; Schema: tide; Owner: -
--

GRANT SELECT ON TABLE tide.pipeline TO tide_relay;

--
-- Name: TABLE consumer_group_status; Type: ACL; Schema: tide; Owner: -
--

GRANT SELECT ON TABLE tide.consumer_group_status TO tide_relay;
GRANT SELECT ON TABLE tide.consumer_group_status TO tide_admin;
GRANT SELECT ON TABLE tide.consumer_group_status TO tide_viewer;

--
-- Name: TABLE dead_letters; Type: ACL; Schema: tide; Owner: -
--

GRANT SELECT ON TABLE tide.dead_letters TO tide_relay;
GRANT SELECT ON TABLE tide.dead_letters TO tide_admin;
GRANT SELECT ON TABLE tide.dead_letters TO tide_viewer;

--
-- Name: TABLE installation; Type: ACL; Schema: tide; Owner: -
--

GRANT SELECT ON TABLE tide.installation TO tide_relay;

--
-- Name: TABLE partition_arrival; Type: ACL; Schema: tide; Owner: -
--

GRANT SELECT ON TABLE tide.partition_arrival TO tide_relay;

--
-- Name: TABLE kafka_partition_status; Type: ACL; Schema: tide; Owner: -
--

GRANT SELECT ON TABLE tide.kafka_partition_status TO tide_relay;
GRANT SELECT ON TABLE tide.kafka_partition_status TO tide_admin;
GRANT SELECT ON TABLE tide.kafka_partition_status TO tide_viewer;

--
-- Name: TABLE lease; Type: ACL; Schema: tide; Owner: -
--

GRANT SELECT ON TABLE tide.lease TO tide_relay;

--
-- Name: TABLE message; Type: ACL; Schema: tide; Owner: -
--

GRANT SELECT ON TABLE tide.message TO tide_relay;

--
-- Name: TABLE migration; Type: ACL; Schema: tide; Owner: -
--

GRANT SELECT ON TABLE tide.migration TO tide_relay;
GRANT SELECT ON TABLE tide.migration TO tide_admin;
GRANT SELECT ON TABLE tide.migration TO tide_viewer;

--
-- Name: TABLE options; Type: ACL; Schema: tide; Owner: -
--

GRANT SELECT ON TABLE tide.options TO tide_relay;
GRANT SELECT ON TABLE tide.options TO tide_admin;
GRANT SELECT ON TABLE tide.options TO tide_viewer;

--
-- Name: TABLE outbox_status; Type: ACL; Schema: tide; Owner: -
--

GRANT SELECT ON TABLE tide.outbox_status TO tide_relay;
GRANT SELECT ON TABLE tide.outbox_status TO tide_admin;
GRANT SELECT ON TABLE tide.outbox_status TO tide_viewer;

--
-- Name: TABLE pipeline_state; Type: ACL; Schema: tide; Owner: -
--

GRANT SELECT ON TABLE tide.pipeline_state TO tide_relay;

--
-- Name: TABLE relay_process; Type: ACL; Schema: tide; Owner: -
--

GRANT SELECT ON TABLE tide.relay_process TO tide_relay;

--
-- Name: TABLE relay_processes; Type: ACL; Schema: tide; Owner: -
--

GRANT SELECT ON TABLE tide.relay_processes TO tide_relay;
GRANT SELECT ON TABLE tide.relay_processes TO tide_admin;
GRANT SELECT ON TABLE tide.relay_processes TO tide_viewer;

--
-- Name: TABLE relay_status; Type: ACL; Schema: tide; Owner: -
--

GRANT SELECT ON TABLE tide.relay_status TO tide_relay;
GRANT SELECT ON TABLE tide.relay_status TO tide_admin;
GRANT SELECT ON TABLE tide.relay_status TO tide_viewer;

--
-- Name: TABLE schema_applied; Type: ACL; Schema: tide; Owner: -
--

GRANT SELECT ON TABLE tide.schema_applied TO tide_relay;
GRANT SELECT ON TABLE tide.schema_applied TO tide_admin;
GRANT SELECT ON TABLE tide.schema_applied TO tide_viewer;

--
-- Name: TABLE secret; Type: ACL; Schema: tide; Owner: -
--

GRANT SELECT ON TABLE tide.secret TO tide_relay;

--
-- Name: TABLE secrets; Type: ACL; Schema: tide; Owner: -
--

GRANT SELECT ON TABLE tide.secrets TO tide_relay;
GRANT SELECT ON TABLE tide.secrets TO tide_admin;
GRANT SELECT ON TABLE tide.secrets TO tide_viewer;

--
-- PostgreSQL database dump complete
--
