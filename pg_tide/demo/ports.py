"""Ports for throw-away servers, which must get the same port again after a restart.

They lie below the range the kernel takes ports of outgoing connections from: while a server is
down, a client that keeps trying to reach it could otherwise be given that very port as its own.
"""

import errno
import random
import socket

from pg_tide.errors import StartError

_FIRST, _LAST = 18_000, 32_000
_ATTEMPTS = 100


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 on which nothing listens."""
    # Not the global generator: a test run that seeds it would give every session the same ports.
    chance = random.SystemRandom()
    for _ in range(_ATTEMPTS):
        port = chance.randint(_FIRST, _LAST)
        if is_free(port):
            return port
    raise StartError(f"no free TCP port on 127.0.0.1 between {_FIRST} and {_LAST}")


def is_free(port: int) -> bool:
    """Return whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        # As servers do: without it the remains of closed connections look like a listener.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
    return True
