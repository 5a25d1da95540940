"""Asks a schema registry by Confluent's API, the next one of its URLs where one is away.

https://docs.confluent.io/platform/current/schema-registry/develop/api.html
"""

import asyncio
import ssl
from typing import Any
from urllib.parse import quote

import httpx

from pg_tide.config.wire import SchemaRegistry
from pg_tide.errors import FatalError
from pg_tide.kafka.oauth_refusals import why
from pg_tide.kafka.settings import Tls
from pg_tide.kafka.tls import read_context
from pg_tide.registry.refusals import (
    LOOK_AT_URL,
    MissingError,
    UnavailableError,
    refusal,
    unavailable,
)
from pg_tide.schemas import Kind, Schema, Version

CONTENT_TYPE = "application/vnd.schemaregistry.v1+json"
_TRUST = "Set schema_registry.tls_ca_cert to a file with the authority of its certificate."


class Registry:
    """A registry as a pipeline is configured with it; each call makes connections of its own.

    Every method raises UnavailableError (a TransientError) where no URL can be used, and FatalError
    where the registry says no: `registry_refused`, `schema_invalid`, `schema_incompatible`.
    """

    def __init__(self, options: SchemaRegistry) -> None:
        self._options = options
        self._urls = [url.rstrip("/") for url in options.url or ()]
        self._secrets = [text for text in (options.password, options.bearer_token) if text]

    @property
    def where(self) -> str:
        """The URL that is asked first: the one that answered last."""
        return self._urls[0]

    async def register(self, subject: str, kind: Kind, text: str) -> Schema:
        """Register a schema under a subject, or find the id that it has there."""
        said = await self._ask("POST", _path("subjects", subject, "versions"), _body(kind, text))
        return Schema(self._number(said, "id"), text)

    async def look_up(self, subject: str, kind: Kind, text: str) -> Schema | None:
        """Return a schema that is registered under a subject; None where it is not."""
        try:
            said = await self._ask("POST", _path("subjects", subject), _body(kind, text))
        except MissingError:
            return None
        return Schema(self._number(said, "id"), text)

    async def version(self, subject: str, version: Version) -> Schema | None:
        """Return a version of a subject; None where there is none."""
        try:
            said = await self._ask("GET", _path("subjects", subject, "versions", str(version)))
        except MissingError:
            return None
        return Schema(self._number(said, "id"), str(said.get("schema")))

    async def has(self, schema_id: int) -> bool:
        """Whether a schema can still be found by its id, as consumers do."""
        try:
            await self._ask("GET", _path("schemas", "ids", str(schema_id)))
        except MissingError:
            return False
        return True

    async def is_compatible(self, subject: str, kind: Kind, text: str) -> tuple[bool, str]:
        """Whether a subject would take a schema as its next version, and why not."""
        path = _path("compatibility", "subjects", subject, "versions", "latest")
        try:
            said = await self._ask("POST", path + "?verbose=true", _body(kind, text))
        except MissingError:
            return True, ""
        words = said.get("messages") or ()
        return bool(said.get("is_compatible")), self._shown("; ".join(map(str, words)))

    async def answers(self) -> None:
        """Ask something that any registry answers to who may use it."""
        await self._ask("GET", _path("subjects", "pg-tide-asks", "versions", "latest"), absent=True)

    async def _ask(
        self, method: str, path: str, content: Any = None, *, absent: bool = False
    ) -> dict[str, Any]:
        trouble: UnavailableError | None = None
        for url in list(self._urls):
            try:
                answer = await self._request(method, url, path, content)
                said = self._answer(url, answer)
            except UnavailableError as error:
                trouble = error if trouble is None or error.wait else trouble
            except MissingError:
                self._first(url)
                if absent:
                    return {}
                raise
            else:
                self._first(url)
                return said
        raise trouble or unavailable("(none)", "there is no URL")

    def _first(self, url: str) -> None:
        self._urls.remove(url)
        self._urls.insert(0, url)

    async def _request(self, method: str, url: str, path: str, content: Any) -> httpx.Response:
        seconds = self._options.timeout_ms / 1000
        context = await self._context(url)
        try:
            async with (
                asyncio.timeout(seconds),
                httpx.AsyncClient(verify=context, timeout=seconds, trust_env=False) as client,
            ):
                return await client.request(
                    method, url + path, json=content, headers=self._headers(), auth=self._auth()
                )
        except TimeoutError:
            raise unavailable(url, f"no answer within {seconds:g} seconds") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            words, _ = why(error)
            hint = _TRUST if "certificate" in words else LOOK_AT_URL
            raise unavailable(url, words, hint) from error

    def _answer(self, url: str, answer: httpx.Response) -> dict[str, Any]:
        if answer.status_code != 200:
            raise refusal(url, answer, self._shown)
        try:
            found = answer.json()
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise unavailable(url, "its answer is not that of a schema registry")
        return found

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": f"{CONTENT_TYPE}, application/json", "Content-Type": CONTENT_TYPE}
        if self._options.bearer_token is not None:
            headers["Authorization"] = f"Bearer {self._options.bearer_token}"
        return headers

    def _auth(self) -> httpx.Auth | None:
        if self._options.username is None:
            return None
        return httpx.BasicAuth(self._options.username, self._options.password or "")

    async def _context(self, url: str) -> ssl.SSLContext | bool:
        options = self._options
        if not url.startswith("https:"):
            return False  # nothing to look at, and authorities take milliseconds to read
        tls = Tls(
            options.tls_ca_cert,
            options.tls_client_cert,
            options.tls_client_key,
            options.tls_client_key_password,
            options.tls_verify,
        )
        try:
            return await read_context(tls)
        except FatalError as error:
            message = f"schema_registry.{error.message}"
            raise FatalError(message, reason=error.reason, hint=error.hint) from error

    def _number(self, said: dict[str, Any], name: str) -> int:
        found = said.get(name)
        if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found < 2**32:
            raise unavailable(self.where, f"its answer has no {name}")
        return found

    def _shown(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


def _path(*parts: str) -> str:
    return "/" + "/".join(quote(part, safe="") for part in parts)


def _body(kind: Kind, text: str) -> dict[str, str]:
    return {"schema": text} if kind == "AVRO" else {"schema": text, "schemaType": kind}
