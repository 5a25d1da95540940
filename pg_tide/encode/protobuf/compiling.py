"""From the text of a .proto file to its descriptors, by Google's own compiler.

It runs in a process of its own for some 60 ms: its library tells what is wrong only to stderr.
https://protobuf.dev/reference/protobuf/proto3-spec/
"""

import importlib.util
import subprocess
import sys
import tempfile
from functools import lru_cache
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet

FILE = "schema.proto"
_SECONDS = 30.0


@lru_cache(maxsize=64)
def compiled(text: str) -> bytes:
    """Return a descriptor set, the file's own last; ValueError with the compiler's words."""
    well_known = _well_known()
    with tempfile.TemporaryDirectory(prefix="pg-tide-proto-") as folder:
        Path(folder, FILE).write_text(text, "utf-8")
        command = [
            *(sys.executable, "-m", "grpc_tools.protoc", "-I", folder, "-I", well_known),
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


def _well_known() -> str:
    """Return where google/protobuf/*.proto lie."""
    found = importlib.util.find_spec("grpc_tools")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("grpc_tools")
    return str(Path(found.submodule_search_locations[0], "_proto"))
