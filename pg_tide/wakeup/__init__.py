"""When to poll again: at once while there is work, then less often, then when a publisher says so.

A relay sleeps on many outboxes at the cost of one: what it asks PostgreSQL meanwhile, it asks for
all of them together.
"""

from pg_tide.wakeup.ear import Wakeup
from pg_tide.wakeup.sleeper import Sleeper

__all__ = ["Sleeper", "Wakeup"]
