"""Tokens are kept while they are fresh, and fetched before they expire."""

import asyncio
from dataclasses import dataclass, field

import pytest

from pg_tide.errors import FatalError, PgTideError, TransientError
from pg_tide.kafka.tokens import AGAIN, Token, Tokens


@dataclass
class Source:
    """Gives numbered tokens, unless it has a failure; tells the time too."""

    life: float = 100.0
    given: int = 0
    failure: PgTideError | None = None
    now: float = 1_000.0
    asked: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    async def fetch(self) -> Token:
        self.asked += 1
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        self.given += 1
        return Token(f"token {self.given}", self.life)

    def tokens(self) -> Tokens:
        return Tokens(self.fetch, lambda: self.now)


AWAY = TransientError("the endpoint is away")
REFUSED = FatalError("the endpoint does not know this client")


async def test_a_token_serves_until_it_is_nearly_over() -> None:
    source = Source()
    tokens = source.tokens()
    assert await tokens.token() == "token 1"
    source.now += 79
    assert await tokens.token() == "token 1"
    assert tokens.remaining == 21
    source.now += 1
    assert await tokens.token() == "token 2"
    assert tokens.remaining == 100


async def test_many_ask_at_once_and_one_is_fetched() -> None:
    source = Source()
    source.gate.clear()
    tokens = source.tokens()
    asking = [asyncio.ensure_future(tokens.token()) for _ in range(5)]
    await asyncio.sleep(0)
    source.gate.set()
    assert await asyncio.gather(*asking) == ["token 1"] * 5
    assert source.asked == 1


@pytest.mark.parametrize("failure", [AWAY, REFUSED])
async def test_one_that_still_serves_is_used_when_no_other_is_to_be_had(
    failure: PgTideError,
) -> None:
    source = Source()
    tokens = source.tokens()
    await tokens.token()
    source.now, source.failure = source.now + 85, failure
    assert await tokens.token() == "token 1"
    assert await tokens.token() == "token 1"
    assert source.asked == 2, "it is asked for at each login, and each waits"
    source.now += AGAIN
    source.failure = None
    assert await tokens.token() == "token 2"


@pytest.mark.parametrize("failure", [AWAY, REFUSED])
async def test_an_expired_one_is_never_used(failure: PgTideError) -> None:
    source = Source()
    tokens = source.tokens()
    await tokens.token()
    source.now, source.failure = source.now + 98, failure
    assert await tokens.token() == "token 1"
    source.now += 1.5  # less than AGAIN, and too late for a login to be over in time
    with pytest.raises(type(failure)):
        await tokens.token()
    source.failure = None
    assert await tokens.token() == "token 2"


async def test_one_that_brokers_refused_is_not_used_again() -> None:
    source = Source()
    tokens = source.tokens()
    await tokens.token()
    tokens.forget()
    assert await tokens.token() == "token 2"


def test_a_token_is_not_shown() -> None:
    assert "secret" not in repr(Token("secret", 1.0))
