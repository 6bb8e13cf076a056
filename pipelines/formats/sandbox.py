"""Files are taken apart in another process, which may die of them without harm.

A PDF can abort the library that opens it, run it in circles or make it ask for gigabytes. The process that
judges cases therefore never parses one: it hands the bytes to a reading process with a limit of memory and
time, which is kept for the next file as long as it behaves. Nothing is written to disk, and the reading
process has no output but its answer, so no word of a note gets elsewhere.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import signal
import struct
import subprocess
import sys
import time
from typing import Any

from pipelines.errors import CaseError
from pipelines.formats import limits
from pipelines.formats.document import Reading

_LENGTH = struct.Struct(">Q")
_START = "import sys; sys.path[:] = sys.argv[1:]; from pipelines.formats.worker import main; main()"
#: A reading process is replaced after so many files: parsers leak.
_RECYCLE = 500


def read_apart(data: bytes, name: str, format_: str) -> Reading:
    """Read one file in a reading process.

    Raises CaseError: the reader's own, or `time_limit`, `damaged_file` where the process was stopped or died.
    """
    child = _idle.pop() if _idle else _Child()
    try:
        answer = child.ask({"name": name, "format": format_}, data, name)
    except BaseException:
        child.stop()
        raise
    child.files += 1
    if child.files < _RECYCLE and answer.get("code") != "memory_limit":
        _idle.append(child)
    else:
        child.stop()
    if "code" in answer:
        raise CaseError(answer["code"], answer["message"])
    return Reading.from_json(answer)


class _Child:
    """One reading process and the pipes to it."""

    def __init__(self) -> None:
        self.files = 0
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-c", _START, *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={key: value for key, value in os.environ.items() if not key.startswith("PYTHON")},
        )

    def ask(self, request: dict[str, Any], data: bytes, name: str) -> dict[str, Any]:
        """Send a file and wait for what becomes of it; each message of the child may ask for more time."""
        began = time.monotonic()
        until = began + limits.SECONDS
        try:
            self._send(json.dumps(request).encode(), data)
            while True:
                answer: dict[str, Any] = json.loads(self._receive(until))
                if "seconds" not in answer:
                    return answer
                until = began + limits.SECONDS + float(answer["seconds"])
        except TimeoutError:
            raise CaseError(
                "time_limit",
                f"{name} took longer to read than a file may and was given up. Print it anew as PDF, or "
                "submit fewer pages.",
            ) from None
        except (OSError, EOFError, ValueError, struct.error):
            raise damaged(name) from None

    def _send(self, *messages: bytes) -> None:
        assert self.process.stdin is not None
        for message in messages:
            self.process.stdin.write(_LENGTH.pack(len(message)))
            self.process.stdin.write(message)
        self.process.stdin.flush()

    def _receive(self, until: float) -> bytes:
        (size,) = _LENGTH.unpack(self._read(_LENGTH.size, until))
        if size > 4 * limits.MAX_UNPACKED:
            raise ValueError
        return self._read(size, until)

    def _read(self, size: int, until: float) -> bytes:
        assert self.process.stdout is not None
        handle, pieces = self.process.stdout.fileno(), bytearray()
        while len(pieces) < size:
            ready, _, _ = select.select([handle], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                raise TimeoutError
            piece = os.read(handle, min(1 << 20, size - len(pieces)))
            if not piece:
                raise EOFError
            pieces += piece
        return bytes(pieces)

    def stop(self) -> None:
        """End the process and whatever it has started (a recognition under way)."""
        with contextlib.suppress(OSError):
            os.killpg(self.process.pid, signal.SIGKILL)
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()
        self.process.wait()


def damaged(name: str) -> CaseError:
    """The error for a file that is cut off, broken or made to break its reader."""
    return CaseError(
        "damaged_file",
        f"{name} is damaged or incomplete and cannot be opened. Submit it again from its source.",
    )


_idle: list[_Child] = []


def _stop_all() -> None:
    while _idle:
        _idle.pop().stop()


atexit.register(_stop_all)
if hasattr(os, "register_at_fork"):  # a forked child must not talk to its parent's reading process
    os.register_at_fork(after_in_child=_idle.clear)
