"""Whether the brokers let a pipeline in: each of those it names, and each that they advertise."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from pg_tide.check.step import Step, failed, ok, warning
from pg_tide.errors import PgTideError
from pg_tide.kafka import Settings
from pg_tide.kafka.certificate import Certificate, of_file
from pg_tide.kafka.inquiry import Greeting, Inquiry

SOON = timedelta(days=14)

Greetings = Mapping[str, Greeting | PgTideError]


async def broker_steps(settings: Settings, inquiry: Inquiry) -> tuple[bool, list[Step]]:
    """Whether the pipeline could work with them, and what was found at each."""
    named = await greetings(inquiry, settings.brokers)
    there = {
        broker
        for greeting in named.values()
        if isinstance(greeting, Greeting)
        for broker in greeting.brokers
    }
    if not there:
        return False, [met(broker, settings, named[broker], needed=True) for broker in named]
    others = await greetings(inquiry, sorted(there - set(named)))
    steps = [met(one, settings, found, needed=one in there) for one, found in named.items()]
    steps += [met(one, settings, found, needed=True) for one, found in others.items()]
    every = {**named, **others}
    return any(isinstance(every[one], Greeting) for one in there), steps


async def greetings(inquiry: Inquiry, names: Iterable[str]) -> Greetings:
    """What came of going to each, by its name."""

    async def greeted(broker: str) -> Greeting | PgTideError:
        try:
            return await inquiry.greet(broker)
        except PgTideError as error:
            return error

    listed = list(names)
    found = await asyncio.gather(*map(greeted, listed))
    return dict(zip(listed, found, strict=True))


def met(broker: str, settings: Settings, found: Greeting | PgTideError, *, needed: bool) -> Step:
    """The step of one broker; without one that is not `needed` the pipeline works all the same."""
    name = f"broker {broker}"
    if isinstance(found, Greeting):
        return welcomed(name, settings, found.certificate)
    if needed:
        return failed(name, found)
    return warning(name, f"{found.reason}: {found.message}", found.hint)


def welcomed(name: str, settings: Settings, certificate: Certificate | None) -> Step:
    """The step of a broker that let this user in."""
    login, own = settings.login, own_certificate(settings)
    who = [] if login is None else [f"{login.who} logged in by {login.mechanism}"]
    if own is not None:
        who.append(f"certificate CN={own.subject}, {validity(own)}")
    found, hint = f"{shown(certificate)}; {', '.join(who) or 'no login'}", None
    if certificate is not None and expires_soon(certificate):
        hint = "Renew the broker's certificate: it expires soon."
    elif own is not None and expires_soon(own):
        hint = "Renew the certificate in tls_client_cert: it expires soon."
    return ok(name, found) if hint is None else warning(name, found, hint)


def own_certificate(settings: Settings) -> Certificate | None:
    """The certificate that brokers are shown, if any."""
    tls = settings.tls
    return None if tls is None or tls.certificate is None else of_file(tls.certificate)


def shown(certificate: Certificate | None) -> str:
    """What a broker showed of itself."""
    if certificate is None:
        return "reached without TLS"
    if certificate.until is None:
        return "TLS with any certificate"
    return f'TLS, certificate issued by "{certificate.issuer}", {validity(certificate)}'


def validity(certificate: Certificate) -> str:
    """Until when a certificate is good, and in how many days that is, if they are few."""
    until = certificate.until
    if until is None:
        return ""
    words = f"valid until {until:%Y-%m-%d}"
    if not expires_soon(certificate):
        return words
    days = max((until - datetime.now(UTC)).days, 0)
    return f"{words}, expires in {days} day{'' if days == 1 else 's'}"


def expires_soon(certificate: Certificate) -> bool:
    """Whether it is time to renew it."""
    return certificate.until is not None and certificate.until - datetime.now(UTC) < SOON
