"""What the relay's own system has no more of: files, memory, ports. No server is to blame."""

import errno

from pg_tide.errors import TransientError

NUMBERS = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EADDRNOTAVAIL}


def exhausted(error: object, text: str) -> TransientError | None:
    """The error to raise, in these words, if that is what an error of the system says."""
    if not isinstance(error, OSError) or error.errno not in NUMBERS:
        return None
    return TransientError(
        text,
        reason="relay_out_of_resources",
        hint="Raise the limits of the relay's process: open files (ulimit -n), memory, ports.",
    )
