"""Each misuse of each public function: the exact error, a hint, and nothing written."""

from collections.abc import Iterator

import asyncpg
import pytest

from tests.fixtures.postgres import fresh_database
from tests.fixtures.sql import Connection, Refusal, all_rows, refusal

CONFIG = '{"brokers": "localhost:9092", "topic": "order-events"}'
# 'limited' takes 20 bytes, 'closed' is disabled, 'g' is the group of pipeline 'p', 'free' nobody's.
PREPARED = f"""
  select tide.outbox_create('orders');
  select tide.outbox_create('limited', max_message_bytes => 20);
  select tide.outbox_create('closed');
  select tide.outbox_disable('closed');
  select tide.consumer_group_create('orders', 'free');
  select tide.relay_set_outbox('p', 'orders', 'g', '{CONFIG}');
  select tide.outbox_publish('orders', '1');
"""
NAME_HINT = "A name has 1 to 200 characters, no control characters, and no space at either end."
NO_OUTBOX = Refusal("42704", 'there is no outbox "ordres"', 'Did you mean "orders"?')
NULL_OUTBOX = Refusal(
    "22004", "outbox must not be null", "Name the outbox, as created with tide.outbox_create()."
)
NULL_PUBLISH = NULL_OUTBOX._replace(
    hint="Name the outbox to publish to, as created with tide.outbox_create()."
)
CLOSED = Refusal(
    "55000",
    'outbox "closed" is disabled',
    "Enable it with \"SELECT tide.outbox_enable('closed')\".",
)
NO_PIPELINE = Refusal("42704", 'there is no pipeline "pp"', 'Did you mean "p"?')
NO_LETTER = Refusal(
    "42704",
    "there is no dead letter 7",
    "The view tide.dead_letters lists all of them. Those that are resolved are deleted after"
    " dead_letter.retention_days.",
)
NULL_LETTER = Refusal(
    "22004",
    "id must not be null",
    "Give the id of a dead letter, as the view tide.dead_letters has it.",
)
NULL_PIPELINE = Refusal(
    "22004",
    "pipeline must not be null",
    "Name the pipeline, as created with tide.relay_set_outbox().",
)
NO_GROUP = Refusal("42704", 'outbox "orders" has no consumer group "fre"', 'Did you mean "free"?')
NULL_GROUP = Refusal(
    "22004",
    "name must not be null",
    "Name the consumer group, as created with tide.consumer_group_create().",
)
NULL_SECRET = Refusal(
    "22004", "name must not be null", "Name the secret, as pipelines refer to it."
)
NO_SECRET = Refusal(
    "42704", 'there is no secret "kafka"', "The view tide.secrets lists those there are."
)
TARGET_HINT = "Examples: 'earliest', 'latest', '12345' (a message id), '2025-01-31 12:00:00+00'."
RETENTION_HINT = (
    "Fractions are allowed, and 0 keeps messages only until they are delivered;"
    " 876000 is a hundred years."
)
SLOTS_HINT = "More slots let go of old messages in smaller parts; 4 suits most."
STRING_HINT = "Headers are a flat object of strings; convert the value with ::text first."
OBJECT_HINT = "Write them as jsonb_build_object('trace', 'abc')."
LENGTH_HINT = "Every array has one element for each message; pass null for an array of defaults."
STORED = 'Nothing was stored. "SELECT * FROM tide.options" lists every option.'


def too_large(size: int, hint_size: int) -> Refusal:
    return Refusal(
        "54000",
        f'payload of {size} bytes is larger than the 20 bytes that outbox "limited" takes',
        'Publish a reference to it instead, or raise the limit with "SELECT tide.outbox_alter('
        f"'limited', max_message_bytes => {hint_size})\".",
    )


def refused_pipeline(*problems: str, pipeline: str = "q") -> Refusal:
    return Refusal("22023", "\n  ".join([f'pipeline "{pipeline}" is refused:', *problems]), STORED)


MISUSES = {
    # outbox_create
    "outbox_create(null)": Refusal("22004", "outbox name must not be null", NAME_HINT),
    "outbox_create('')": Refusal("42602", "outbox name must not be empty", NAME_HINT),
    "outbox_create(' a')": Refusal(
        "42602", 'outbox name must not begin or end with a space: " a"', NAME_HINT
    ),
    r"outbox_create(E'a\nb')": Refusal(
        "42602", r'outbox name must not contain control characters: "a\nb"', NAME_HINT
    ),
    "outbox_create(repeat('a', 201))": Refusal(
        "42602", "outbox name must not be longer than 200 characters, but has 201", NAME_HINT
    ),
    "outbox_create('orders')": Refusal(
        "42710",
        'outbox "orders" exists already',
        (
            "Change it with \"SELECT tide.outbox_alter('orders', ...)\","
            " or pass if_not_exists => true."
        ),
    ),
    "outbox_create('a', -1)": Refusal(
        "22023", "retention_hours must be between 0 and 876000, not -1", RETENTION_HINT
    ),
    "outbox_create('a', 'NaN')": Refusal(
        "22023", "retention_hours must be between 0 and 876000, not NaN", RETENTION_HINT
    ),
    "outbox_create('a', null)": Refusal(
        "22004",
        "retention_hours must not be null",
        "Say how many hours, as in retention_hours => 24.",
    ),
    "outbox_create('a', slots => 1)": Refusal(
        "22023", "slots must be between 2 and 100, not 1", SLOTS_HINT
    ),
    "outbox_create('a', slots => 101)": Refusal(
        "22023", "slots must be between 2 and 100, not 101", SLOTS_HINT
    ),
    "outbox_create('a', slots => null)": Refusal(
        "22023", "slots must be between 2 and 100, not null", SLOTS_HINT
    ),
    "outbox_create('a', max_message_bytes => -1)": Refusal(
        "22023", "max_message_bytes must not be negative, but is -1", "Use 0 for no limit."
    ),
    # outbox_alter
    "outbox_alter('ordres', 1)": NO_OUTBOX,
    "outbox_alter(null, 1)": NULL_OUTBOX,
    "outbox_alter('orders')": Refusal(
        "22004",
        'nothing to change in outbox "orders"',
        "Pass retention_hours => ..., max_message_bytes => ... (0 for no limit), or both.",
    ),
    "outbox_alter('orders', 876001)": Refusal(
        "22023", "retention_hours must be between 0 and 876000, not 876001", RETENTION_HINT
    ),
    "outbox_alter('orders', max_message_bytes => -5)": Refusal(
        "22023", "max_message_bytes must not be negative, but is -5", "Use 0 for no limit."
    ),
    # outbox_enable, outbox_disable, outbox_drop, outbox_sweep, outbox_status
    "outbox_enable('ordres')": NO_OUTBOX,
    "outbox_enable(null)": NULL_OUTBOX,
    "outbox_disable('ordres')": NO_OUTBOX,
    "outbox_disable(null)": NULL_OUTBOX,
    "outbox_drop('ordres')": NO_OUTBOX,
    "outbox_drop(null)": NULL_OUTBOX,
    "outbox_drop(null, if_exists => true)": NULL_OUTBOX,
    "outbox_drop('orders')": Refusal(
        "2BP01",
        'outbox "orders" is in use: pipeline "p", 1 undelivered message of consumer group "free",'
        ' 1 undelivered message of consumer group "g"',
        "To drop them all run \"SELECT tide.outbox_drop('orders', force => true)\".",
    ),
    "outbox_sweep('ordres')": NO_OUTBOX,
    "outbox_rebase('ordres')": NO_OUTBOX,
    "outbox_rebase(null)": NULL_OUTBOX,
    "outbox_status('ordres')": NO_OUTBOX,
    "outbox_status('something else')": Refusal(
        "42704",
        'there is no outbox "something else"',
        "Create it with \"SELECT tide.outbox_create('something else')\".",
    ),
    # outbox_publish
    "outbox_publish('ordres', '1')": NO_OUTBOX,
    "outbox_publish(null, '1')": NULL_PUBLISH,
    "outbox_publish('closed', '1')": CLOSED,
    "outbox_publish('limited', to_jsonb(repeat('x', 19)))": too_large(21, 21),
    "outbox_publish('limited', to_jsonb(repeat('x', 900000)))": too_large(900002, 900002),
    "outbox_publish('orders', '1', headers => '[]')": Refusal(
        "22023", "headers must be an object of strings, not array", OBJECT_HINT
    ),
    "outbox_publish('orders', '1', headers => '\"a\"')": Refusal(
        "22023", "headers must be an object of strings, not string", OBJECT_HINT
    ),
    """outbox_publish('orders', '1', headers => '{"a": 1}')""": Refusal(
        "22023", 'header "a" must be a string, not number', STRING_HINT
    ),
    """outbox_publish('orders', '1', headers => '{"a": {"b": "c"}}')""": Refusal(
        "22023", 'header "a" must be a string, not object', STRING_HINT
    ),
    """outbox_publish('orders', '1', headers => '{"a": null}')""": Refusal(
        "22023", 'header "a" must be a string, not null', STRING_HINT
    ),
    """outbox_publish('orders', '1', headers => '{"a": ["b"]}')""": Refusal(
        "22023", 'header "a" must be a string, not array', STRING_HINT
    ),
    """outbox_publish('orders', '1', headers => '{"a": []}')""": Refusal(
        "22023", 'header "a" must be a string, not array', STRING_HINT
    ),
    "outbox_publish('orders', '1', op => '')": Refusal(
        "22023",
        "op must be a word, not ''",
        "Use 'insert', 'update', 'delete', or a word of your own.",
    ),
    "outbox_publish('orders', '1', op => null)": Refusal(
        "22023",
        "op must be a word, not null",
        "Use 'insert', 'update', 'delete', or a word of your own.",
    ),
    # outbox_publish_bytes
    "outbox_publish_bytes('ordres', '1')": NO_OUTBOX,
    "outbox_publish_bytes(null, '1')": NULL_PUBLISH,
    "outbox_publish_bytes('closed', '1')": CLOSED,
    r"outbox_publish_bytes('limited', decode(repeat('ff', 21), 'hex'))": too_large(21, 21),
    """outbox_publish_bytes('orders', '1', headers => '{"a": 1}')""": Refusal(
        "22023", 'header "a" must be a string, not number', STRING_HINT
    ),
    "outbox_publish_bytes('orders', '1', op => '')": Refusal(
        "22023",
        "op must be a word, not ''",
        "Use 'insert', 'update', 'delete', or a word of your own.",
    ),
    # outbox_publish_many
    "outbox_publish_many('ordres', array['1']::jsonb[])": NO_OUTBOX,
    "outbox_publish_many(null, array['1']::jsonb[])": NULL_PUBLISH,
    "outbox_publish_many('closed', array['1']::jsonb[])": CLOSED,
    "outbox_publish_many('orders', null)": Refusal(
        "22004",
        "payloads must not be null",
        "Pass an array; for one tombstone, array[null]::jsonb[].",
    ),
    "outbox_publish_many('orders', array['1', '2']::jsonb[], array['a'])": Refusal(
        "2202E", "dedup_keys has 1 elements, but payloads has 2", LENGTH_HINT
    ),
    "outbox_publish_many('orders', array['1']::jsonb[], headers => '{}')": Refusal(
        "2202E", "headers has 0 elements, but payloads has 1", LENGTH_HINT
    ),
    "outbox_publish_many('orders', array['1']::jsonb[], ops => array['a', 'b'])": Refusal(
        "2202E", "ops has 2 elements, but payloads has 1", LENGTH_HINT
    ),
    "outbox_publish_many('orders', array['1']::jsonb[], keys => array['a', 'b'])": Refusal(
        "2202E", "keys has 2 elements, but payloads has 1", LENGTH_HINT
    ),
    "outbox_publish_many('orders', array[array['1']]::jsonb[])": Refusal(
        "2202E",
        "payloads has 2 dimensions, not one",
        "Every array has one element for each message.",
    ),
    "outbox_publish_many('limited', array['1', to_jsonb(repeat('x', 30))])": too_large(32, 32),
    """outbox_publish_many('orders', array['1', '2']::jsonb[],
         headers => array[null, '{"a": true}']::jsonb[])""": Refusal(
        "22023", 'header "a" must be a string, not boolean', STRING_HINT
    ),
    "outbox_publish_many('orders', array['1']::jsonb[], ops => array[''])": Refusal(
        "22023",
        "op must be a word, not ''",
        "Use 'insert', 'update', 'delete', or a word of your own.",
    ),
    # consumer_group_create
    "consumer_group_create('ordres', 'a')": NO_OUTBOX,
    "consumer_group_create(null, 'a')": NULL_OUTBOX,
    "consumer_group_create('orders', null)": Refusal(
        "22004", "consumer group name must not be null", NAME_HINT
    ),
    "consumer_group_create('orders', 'a ')": Refusal(
        "42602", 'consumer group name must not begin or end with a space: "a "', NAME_HINT
    ),
    "consumer_group_create('orders', 'free')": Refusal(
        "42710",
        'outbox "orders" has a consumer group "free" already',
        "To move it run \"SELECT tide.consumer_group_seek('orders', 'free', ...)\".",
    ),
    "consumer_group_create('orders', 'a', 'last week')": Refusal(
        "22023",
        'target must be earliest, latest, a message id or a timestamp, not "last week"',
        TARGET_HINT,
    ),
    "consumer_group_create('orders', 'a', null)": Refusal(
        "22004", "target must not be null", TARGET_HINT
    ),
    # consumer_group_seek
    "consumer_group_seek('ordres', 'free', 'latest')": NO_OUTBOX,
    "consumer_group_seek(null, 'free', 'latest')": NULL_OUTBOX,
    "consumer_group_seek('orders', 'fre', 'latest')": NO_GROUP,
    "consumer_group_seek('orders', null, 'latest')": NULL_GROUP,
    "consumer_group_seek('orders', 'free', null)": Refusal(
        "22004", "target must not be null", TARGET_HINT
    ),
    "consumer_group_seek('orders', 'free', '')": Refusal(
        "22023",
        'target must be earliest, latest, a message id or a timestamp, not ""',
        TARGET_HINT,
    ),
    "consumer_group_seek('orders', 'free', '-5')": Refusal(
        "22023",
        'target must be earliest, latest, a message id or a timestamp, not "-5"',
        TARGET_HINT,
    ),
    "consumer_group_seek('orders', 'free', '2025-02-30')": Refusal(
        "22023",
        'target must be earliest, latest, a message id or a timestamp, not "2025-02-30"',
        TARGET_HINT,
    ),
    "consumer_group_seek('orders', 'free', '9223372036854775808')": Refusal(
        "22023", "target is not a message id: 9223372036854775808", TARGET_HINT
    ),
    # consumer_group_drop
    "consumer_group_drop('ordres', 'free')": NO_OUTBOX,
    "consumer_group_drop(null, 'free')": NULL_OUTBOX,
    "consumer_group_drop('orders', 'fre')": NO_GROUP,
    "consumer_group_drop('orders', null)": NULL_GROUP,
    "consumer_group_drop('closed', 'free')": Refusal(
        "42704",
        'outbox "closed" has no consumer group "free"',
        "Create it with \"SELECT tide.consumer_group_create('closed', 'free')\".",
    ),
    "consumer_group_drop('orders', 'g')": Refusal(
        "2BP01",
        'consumer group "g" of outbox "orders" is used by pipeline "p"',
        "Both go with \"SELECT tide.relay_delete('p', drop_consumer_group => true)\".",
    ),
    # relay_set_outbox
    f"relay_set_outbox('q', 'ordres', '{CONFIG}')": NO_OUTBOX,
    f"relay_set_outbox('q', 'something else', 'a ', '{CONFIG}')": refused_pipeline(
        'outbox: there is no outbox "something else"',
        'consumer_group: must not begin or end with a space: "a "',
    ),
    f"relay_set_outbox('q', null, '{CONFIG}')": refused_pipeline("outbox: must not be null"),
    f"relay_set_outbox(null, 'orders', 'a', '{CONFIG}')": refused_pipeline(
        "pipeline: must not be null", pipeline="<NULL>"
    ),
    f"relay_set_outbox(null, 'orders', '{CONFIG}')": refused_pipeline(
        "pipeline: must not be null", "consumer_group: must not be null", pipeline="<NULL>"
    ),
    f"relay_set_outbox('q', 'orders', repeat('a', 201), '{CONFIG}')": refused_pipeline(
        "consumer_group: must not be longer than 200 characters, but has 201"
    ),
    "relay_set_outbox('q', 'orders', null)": refused_pipeline("config: must not be null"),
    "relay_set_outbox('q', 'orders', '[]')": refused_pipeline(
        "config: must be an object, not an array"
    ),
    f"relay_set_outbox('q', 'orders', 'g', '{CONFIG}')": refused_pipeline(
        'consumer_group: "g" is used by pipeline "p", and one pipeline reads a group'
    ),
    """relay_set_outbox('q', 'orders', '{"brokers": "localhost:9092", "topik": "a",
         "acks": "2", "batch_size": 0, "idempotent": "maybe"}')""": refused_pipeline(
        'acks: must be one of 0, 1, all, not "2"',
        "batch_size: must be between 1 and 100000, not 0",
        'idempotent: must be true or false, not "maybe"',
        "topic: required, or topic_prefix",
        'topik: unknown option; did you mean "topic"?',
    ),
    # relay_enable, relay_disable, relay_delete, relay_get_config
    "relay_enable('pp')": NO_PIPELINE,
    "relay_enable(null)": NULL_PIPELINE,
    "relay_disable('pp')": NO_PIPELINE,
    "relay_disable(null)": NULL_PIPELINE,
    "relay_resolve_transaction('pp', true)": NO_PIPELINE,
    "relay_resolve_transaction(null, true)": NULL_PIPELINE,
    "relay_resolve_transaction('p', null)": Refusal(
        "22004",
        "committed must not be null",
        "Say true when the messages of that transaction are in Kafka, false when they are not.",
    ),
    "relay_resolve_transaction('p', true)": Refusal(
        "55000",
        'pipeline "p" has no Kafka transaction whose outcome is open',
        "There is nothing to resolve: unresolved_transactions in tide.consumer_group_status is how"
        " many there are.",
    ),
    "relay_delete('pp')": NO_PIPELINE,
    "relay_delete(null)": NULL_PIPELINE,
    "relay_get_config('pp')": NO_PIPELINE,
    "relay_get_config(null)": NULL_PIPELINE,
    "relay_get_config('something else')": Refusal(
        "42704",
        'there is no pipeline "something else"',
        "Create it with tide.relay_set_outbox().",
    ),
    # dead_letter_retry, dead_letter_discard and those of all: more in test_sql_dead_letters.py
    "dead_letter_retry(null)": NULL_LETTER,
    "dead_letter_retry(7)": NO_LETTER,
    "dead_letter_retry_all(null)": NULL_PIPELINE,
    "dead_letter_retry_all('pp')": NO_PIPELINE,
    "dead_letter_discard(null)": NULL_LETTER,
    "dead_letter_discard(7)": NO_LETTER,
    "dead_letter_discard_all(null)": NULL_PIPELINE,
    "dead_letter_discard_all('pp')": NO_PIPELINE,
    # secret_set, secret_rotate, secret_drop: more in test_sql_secrets.py
    "secret_set(null, '0123456789abcdef', repeat('x', 40)::bytea)": NULL_SECRET,
    "secret_set('a b', '0123456789abcdef', repeat('x', 40)::bytea)": Refusal(
        "42602",
        '"a b" cannot be the name of a secret',
        'A name has 1 to 200 of a-z, A-Z, 0-9, "_", "." and "-".',
    ),
    "secret_set('kafka', 'me', 'my password')": Refusal(
        "22023",
        'secret "kafka" is not encrypted',
        'Set it with "pg-tide secret set kafka". '
        "If it was sent here in clear, change it where it is from.",
    ),
    "secret_rotate('kafka', '', '0123456789abcdef', repeat('x', 40)::bytea)": NO_SECRET,
    "secret_rotate(null, '', '', '')": NULL_SECRET,
    "secret_drop('kafka')": NO_SECRET,
    "secret_drop(null)": NULL_SECRET,
}


@pytest.fixture(scope="module")
def prepared_database(postgres_server: str, template_database: str) -> Iterator[str]:
    """Yield the URL of a database that every test here leaves as it was."""
    with fresh_database(postgres_server, template_database) as url:
        yield url


@pytest.fixture
async def db(prepared_database: str) -> Connection:
    connection: Connection = await asyncpg.connect(prepared_database, command_timeout=20)
    if not await connection.fetchval("select exists (select from tide.outbox)"):
        await connection.execute(PREPARED)
    return connection


@pytest.mark.parametrize("call", MISUSES)
async def test_misuse(db: Connection, call: str) -> None:
    before = await all_rows(db)
    try:
        assert await refusal(db, f"select * from tide.{call}") == MISUSES[call]  # noqa: S608 - above
        assert await all_rows(db) == before
    finally:
        await db.close()


async def test_every_public_function_is_misused(db: Connection) -> None:
    functions = await db.fetch(
        "select distinct proname from pg_proc where pronamespace = 'tide'::regnamespace"
        " and proname not like '\\_%' and pronargs > 0"
    )
    await db.close()
    assert {call.partition("(")[0] for call in MISUSES} == {name for (name,) in functions}


async def test_an_error_takes_the_publisher_s_whole_transaction_along(db: Connection) -> None:
    before = await all_rows(db)
    transaction = db.transaction()
    await transaction.start()
    await db.execute("select tide.outbox_publish('orders', '1')")
    await refusal(db, "select tide.outbox_publish('ordres', '1')")
    aborted = await refusal(db, "select 1")
    await transaction.rollback()
    assert aborted.sqlstate == "25P02"
    assert await all_rows(db) == before
    await db.close()
