"""What the process says of itself over HTTP: `/metrics`, `/livez`, `/readyz`."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Protocol

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from pg_tide.errors import StartError

PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


class Process(Protocol):
    """What there is to say."""

    async def scrape(self) -> bytes:
        """Every metric, in Prometheus' text format."""

    def problems(self) -> dict[str, str]:
        """Why this process is not ready; empty when it is."""


def application(process: Process) -> Starlette:
    """The HTTP application of a process."""

    async def metrics(_: Request) -> Response:
        return Response(await process.scrape(), media_type=PROMETHEUS)

    async def livez(_: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def readyz(_: Request) -> Response:
        problems = process.problems()
        return JSONResponse(
            {"ready": not problems, "problems": problems}, status_code=503 if problems else 200
        )

    routes = [Route("/metrics", metrics), Route("/livez", livez), Route("/readyz", readyz)]
    return Starlette(routes=routes)


def listening(host: str, port: int) -> socket.socket:
    """A socket bound to an address; raises StartError when it is taken."""
    try:
        return socket.create_server((host, port), family=_family(host), backlog=128)
    except OSError as error:
        raise StartError(
            f"cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}",
            reason="port_busy",
            hint="Give another address with --http, for example --http 127.0.0.1:9798.",
        ) from error


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


@contextlib.contextmanager
def _leave_signals() -> Iterator[None]:
    yield


@contextlib.asynccontextmanager
async def serve(address: tuple[str, int], process: Process) -> AsyncIterator[None]:
    """Serve a process's HTTP while the block runs."""
    bound = listening(*address)
    server = uvicorn.Server(
        uvicorn.Config(application(process), log_config=None, access_log=False, lifespan="off")
    )
    server.capture_signals = _leave_signals  # type: ignore[method-assign] # they are the relay's
    serving = asyncio.create_task(server.serve(sockets=[bound]))
    try:
        yield
    finally:
        server.should_exit = True
        await asyncio.wait({serving}, timeout=2)
        serving.cancel()
        bound.close()
