"""The reading process: files in, documents out, under limits that the system enforces."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import struct
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

from pipelines.errors import CaseError
from pipelines.formats import limits
from pipelines.formats.document import Reading

_LENGTH = struct.Struct(">Q")
#: Recognition runs in processes of its own; what is left takes far less than this.
_PROCESSOR_SECONDS = 900

#: Asks for this many seconds in all, beyond the usual ones.
Tick = Callable[[float], None]


def main() -> None:
    """Answer requests on standard input until it closes."""
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints goes where errors go: nowhere
    _limit()
    while True:
        header = _message(requests)
        if header is None:
            return
        data = _message(requests) or b""
        request = json.loads(header)
        _limit_time()
        answer = _answer(request, data, lambda seconds: _send(answers, {"seconds": seconds}))
        _send(answers, answer)


def _answer(request: dict[str, Any], data: bytes, tick: Tick) -> dict[str, Any]:
    name = request["name"]
    try:
        return read(request["format"], data, name, tick).to_json()
    except CaseError as error:
        return {"code": error.code, "message": error.message}
    except (MemoryError, RecursionError):
        return {
            "code": "memory_limit",
            "message": f"{name} needs more memory to read than a file may. Print it anew as PDF.",
        }
    except Exception:  # its own words may quote the file
        return {
            "code": "damaged_file",
            "message": f"{name} is damaged and cannot be read. Submit it again from its source.",
        }


#: The module of each format; imported when its first file comes.
_READERS = {"hl7": "hl7v2"}


def read(format_: str, data: bytes, name: str, tick: Tick) -> Reading:
    """Read one file with the reader of its format."""
    module = importlib.import_module(f"pipelines.formats.{_READERS.get(format_, format_)}")
    reading: Reading = module.read(data, name, tick)
    return reading


def _limit() -> None:
    """Have the system refuse memory beyond the limit."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (limits.MEMORY, limits.MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_time() -> None:
    """Let an endless loop end by itself, also where the parent that would end it is gone."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        seconds = int(used.ru_utime + used.ru_stime) + _PROCESSOR_SECONDS
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))


def _message(source: BinaryIO) -> bytes | None:
    head = source.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    return source.read(_LENGTH.unpack(head)[0])


def _send(target: BinaryIO, answer: dict[str, Any]) -> None:
    data = json.dumps(answer).encode()
    target.write(_LENGTH.pack(len(data)) + data)
    target.flush()
