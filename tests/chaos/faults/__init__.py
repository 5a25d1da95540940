"""Every kind of fault there is."""

from tests.chaos.fault import every
from tests.chaos.faults.network import NETWORK
from tests.chaos.faults.operator import OPERATOR
from tests.chaos.faults.relay import RELAY
from tests.chaos.faults.servers import SERVERS

FAULTS = every(NETWORK, SERVERS, RELAY, OPERATOR)

__all__ = ["FAULTS"]
