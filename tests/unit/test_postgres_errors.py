"""What PostgreSQL, asyncpg and the system say becomes an error of ours, on purpose."""

import errno

import asyncpg
import pytest

from pg_tide.errors import FatalError, LeaseLost, TransientError
from pg_tide.postgres import ours


@pytest.mark.parametrize(
    ("state", "kind", "reason"),
    [
        ("08006", TransientError, "connection_lost"),
        ("25006", TransientError, "standby"),
        ("40001", TransientError, "conflict"),
        ("40P01", TransientError, "conflict"),
        ("53100", TransientError, "out_of_resources"),  # its disk is full
        ("53300", TransientError, "out_of_resources"),  # too many connections
        ("55P03", TransientError, "locked"),
        ("57014", TransientError, "timeout"),
        ("57P01", TransientError, "connection_lost"),
        ("57P03", TransientError, "starting_up"),
        ("58030", TransientError, "io_error"),
        ("57P04", FatalError, "no_database"),  # it was dropped
        ("3D000", FatalError, "no_database"),
        ("28P01", FatalError, "login_failed"),
        ("54000", FatalError, "postgres_limit"),
        ("XX001", FatalError, "data_damaged"),
        ("XX002", FatalError, "data_damaged"),
        ("22P02", FatalError, "postgres"),
        ("XX000", FatalError, "postgres"),
        ("TD001", LeaseLost, "lease_lost"),
    ],
)
def test_what_the_server_says(state: str, kind: type[Exception], reason: str) -> None:
    said = asyncpg.PostgresError.new({"C": state, "M": "so it is", "S": "ERROR"})
    found = ours(said)
    assert type(found) is kind
    assert found.reason == reason
    assert "so it is" in str(found)


def test_a_state_that_is_not_known_is_told() -> None:
    found = ours(asyncpg.PostgresError.new({"C": "ZZ999", "M": "what", "S": "ERROR"}))
    assert isinstance(found, FatalError)
    assert "ZZ999" in str(found)


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        (asyncpg.InterfaceError("connection is closed"), TransientError, "connection_lost"),
        (asyncpg.exceptions.ProtocolError("what is this"), TransientError, "connection_lost"),
        (asyncpg.exceptions.OutdatedSchemaCacheError("old"), TransientError, "connection_lost"),
        (asyncpg.exceptions.UnsupportedClientFeatureError("no"), FatalError, "postgres"),
        (ConnectionResetError(errno.ECONNRESET, "reset"), TransientError, "connection_lost"),
        (OSError(errno.EHOSTUNREACH, "no route"), TransientError, "connection_lost"),
        (OSError(errno.EMFILE, "too many files"), TransientError, "relay_out_of_resources"),
        (TimeoutError(), TransientError, "connection_lost"),
    ],
)
def test_what_asyncpg_and_the_system_say(
    error: Exception, kind: type[Exception], reason: str
) -> None:
    found = ours(error)
    assert type(found) is kind
    assert found.reason == reason


def test_a_value_that_can_not_be_written_down_is_not_tried_for_ever() -> None:
    """It would be the same one each time."""
    (kind,) = (
        one for one in asyncpg.InterfaceError.__subclasses__() if one.__name__ == "DataError"
    )
    found = ours(kind("invalid input for query argument $1: '\\ud800'"))
    assert isinstance(found, FatalError)
    assert "DataError" in str(found)


def test_a_bug_of_ours_is_nobody_elses() -> None:
    assert ours(KeyError("mine")) is None


def test_a_login_that_was_cut_is_told_in_plain_words() -> None:
    found = ours(ConnectionError("unexpected connection_lost() call"))
    assert isinstance(found, TransientError)
    assert found.message == "PostgreSQL: the server hung up"
