"""Deaths at every named point, many times each, without any other fault."""

from pathlib import Path

from rich.console import Console

from pg_tide.migrate import migrate
from tests.fixtures.kafka_server import KafkaServer
from tests.fixtures.kill_points import points
from tests.fixtures.kill_points_round import Round, killed_everywhere
from tests.fixtures.operator import Operator
from tests.fixtures.oracle.arrivals import TOPIC
from tests.fixtures.postgres import new_server
from tests.fixtures.topics import create_topic


async def show(console: Console, folder: Path, rounds: int, delivery: str) -> bool:
    """Have relays die, and print what became of the messages; whether anything was wrong."""
    names = ", ".join(points(delivery))
    console.print(f"kill points, {delivery}: {rounds} times each of {names}")
    topic = f"killed-everywhere-{delivery}"
    with new_server() as postgres, KafkaServer() as kafka:
        await migrate(postgres.url)
        create_topic(kafka.brokers, topic, 4, TOPIC)
        operator = Operator(postgres.url, kafka.brokers)
        await operator.run("SELECT tide.outbox_create('orders')")
        try:
            wanted = Round(topic, delivery, rounds)
            found = await killed_everywhere(operator, wanted, folder)
            console.print(f"{len(found.causes)} deaths: {found.verdict}", markup=False)
            found.demand()
        except AssertionError as error:
            console.print(f"WRONG: {error}", markup=False)
            return True
        finally:
            await operator.close()
    return False
