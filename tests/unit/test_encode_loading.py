"""A relay loads what its own formats need: the others cost it neither memory nor time."""

import subprocess
import sys

import pytest

LIBRARIES = {"fastavro", "google.protobuf", "grpc_tools", "httpx", "jsonschema_rs"}
PROGRAM = """
import sys
import pg_tide.assembly, pg_tide.cli.relay
from pg_tide.config import PipelineConfig
from pg_tide.stages import Stages
Stages.of(PipelineConfig.model_validate(%r), "orders")
print(*sys.modules)
"""


def loaded(**options: object) -> set[str]:
    program = PROGRAM % {"brokers": "localhost:9092", **options}
    ran = subprocess.run(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True
    )
    return set(ran.stdout.split())


def formats(modules: set[str]) -> set[str]:
    start = "pg_tide.encode."
    return {one.removeprefix(start).split(".")[0] for one in modules if one.startswith(start)}


def test_native_loads_no_other_format() -> None:
    modules = loaded()
    assert formats(modules) == {"native"}
    assert modules & LIBRARIES == set()


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("avro", {"fastavro"}),
        ("protobuf", {"google.protobuf", "grpc_tools"}),
        ("json_schema", {"jsonschema_rs"}),
    ],
)
def test_a_format_with_a_schema_loads_its_own_library(name: str, own: set[str]) -> None:
    modules = loaded(wire_format=name, schema_registry={"url": "http://registry:8081"})
    assert modules & LIBRARIES - {"httpx"} == own
    assert formats(modules) & {"debezium", "maxwell", "cloudevents"} == set()
