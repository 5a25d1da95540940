"""Tokens of OAuth 2.0 by client credentials (RFC 6749, section 4.4), for OAUTHBEARER."""

import asyncio
import base64
import contextlib
import json
import math
import re
import ssl
import time
from typing import Any

import httpx

from pg_tide.aside import aside
from pg_tide.errors import FatalError, PgTideError, TransientError
from pg_tide.kafka.oauth_refusals import LOOK_AT_URL, why
from pg_tide.kafka.settings import TokenSource
from pg_tide.kafka.tls import content
from pg_tide.kafka.tokens import Token

ANSWER_WITHIN = 3.5  # seconds, so that a silent endpoint is told of within five
UNKNOWN_LIFE = 300.0  # seconds, where neither the answer nor the token tells
LOOK_AT_CLIENT = "Correct oauth_client_id, oauth_client_secret and oauth_scope."


class Fetcher:
    """Fetches one token at a call; `ca` is a file of authorities to trust besides the system's."""

    def __init__(self, source: TokenSource, ca: str | None) -> None:
        self._source = source
        self._ca = ca
        self._where = re.sub(r"//[^/@]*@", "//", source.url)  # without a password in it

    async def __call__(self) -> Token:
        """Fetch a token.

        Raises TransientError `oauth_token_unavailable` when the endpoint is away or unwell, and
        FatalError `oauth_refused` when it refuses the client.
        """
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                answer = await self._ask()
        except TimeoutError as error:
            raise self._unavailable(f"no answer within {ANSWER_WITHIN:g} seconds") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:  # SSLError is one too
            raise self._unavailable(*why(error)) from error
        return self._token(answer)

    async def _ask(self) -> httpx.Response:
        source = self._source
        form = {"grant_type": "client_credentials"}
        if source.scope is not None:
            form["scope"] = source.scope
        context = await aside(("authorities", self._ca), self._context)
        async with httpx.AsyncClient(verify=context, timeout=ANSWER_WITHIN) as client:
            return await client.post(
                source.url,
                data=form,
                auth=(source.client_id, source.client_secret),
                headers={"Accept": "application/json"},
            )

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if self._ca is not None:
            content("tls_ca_cert", self._ca)
            context.load_verify_locations(self._ca)
        return context

    def _token(self, answer: httpx.Response) -> Token:
        said = _json(answer)
        if 400 <= answer.status_code < 500 and answer.status_code not in (408, 425, 429):
            raise self._refused(answer.status_code, said)
        if answer.status_code != 200:
            raise self._unavailable(f"it answers {answer.status_code}")
        value = said.get("access_token")
        if not isinstance(value, str) or not value:
            raise self._unavailable("its answer has no access_token")
        return Token(value, seconds_of(said.get("expires_in"), value))

    def _refused(self, status: int, said: dict[str, Any]) -> PgTideError:
        words = [said.get("error"), said.get("error_description")]
        told = ": ".join(str(word) for word in words if word) or "no reason given"
        return FatalError(
            f'{self._where} gives client "{self._source.client_id}" no token: '
            f"{self._shown(told)} ({status})",
            reason="oauth_refused",
            hint=LOOK_AT_CLIENT if "error" in said else LOOK_AT_URL,
        )

    def _unavailable(self, what: str, hint: str = LOOK_AT_URL) -> PgTideError:
        return TransientError(
            f"{self._where} gives no token: {what}", reason="oauth_token_unavailable", hint=hint
        )

    def _shown(self, text: str) -> str:
        return text.replace(self._source.client_secret, "***")[:500]


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def seconds_of(told: object, token: str) -> float:
    """How long a token is good for: as the answer says, or the token itself (RFC 7519, `exp`).

    What is not above 0 tells nothing: a token that is used is not over yet.
    """
    for tell in (_number, _expiry):
        with contextlib.suppress(ValueError, LookupError, TypeError):
            seconds = tell(told, token)
            if 0 < seconds < math.inf:
                return seconds
    return UNKNOWN_LIFE


def _number(told: object, _token: str) -> float:
    return float(str(told))


def _expiry(_told: object, token: str) -> float:
    part = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return float(claims["exp"]) - time.time()
