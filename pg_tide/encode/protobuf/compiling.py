"""From the text of a .proto file to its descriptors, by Google's own compiler.

It runs in a process of its own for some 60 ms: its library tells what is wrong only to stderr.
https://protobuf.dev/reference/protobuf/proto3-spec/
"""

import subprocess
import sys
import tempfile
from functools import lru_cache
from pathlib import Path

import grpc_tools  # type: ignore[import-untyped]
from google.protobuf.descriptor_pb2 import FileDescriptorSet

FILE = "schema.proto"
_SECONDS = 30.0
_WELL_KNOWN = str(Path(grpc_tools.__path__[0], "_proto"))  # google/protobuf/*.proto


@lru_cache(maxsize=64)
def compiled(text: str) -> bytes:
    """Return a descriptor set, the file's own last; ValueError with the compiler's words."""
    with tempfile.TemporaryDirectory(prefix="pg-tide-proto-") as folder:
        Path(folder, FILE).write_text(text, "utf-8")
        command = [
            *(sys.executable, "-m", "grpc_tools.protoc", "-I", folder, "-I", _WELL_KNOWN),
            *("--include_imports", f"--descriptor_set_out={folder}/set", FILE),
        ]
        try:
            done = subprocess.run(  # noqa: S603 - our own interpreter
                command, capture_output=True, timeout=_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise ValueError(f"the compiler took longer than {_SECONDS:g} seconds") from None
        if done.returncode:
            said = done.stderr.decode(errors="replace").replace(f"{folder}/", "").strip()
            raise ValueError(said[-500:] or "the compiler refuses it")
        return Path(folder, "set").read_bytes()


def descriptors(text: str) -> FileDescriptorSet:
    """Return the same, read."""
    return FileDescriptorSet.FromString(compiled(text))
