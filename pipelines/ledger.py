"""The ledger of a run: answers in sealed parts, so that a run can break off at any moment and go on.

A run keeps a folder beside its output (`.RESULTS.run`, readable by its owner alone): the plan, and parts of
answers in input order. A part is written under another name, brought to the disk and only then renamed; its
last line, the seal, counts its cases and holds a digest of its lines. What is not sealed, or no longer fits
its seal, is decided anew, with all that follows it. The folder goes when the output is complete.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
from typing_extensions import Self

from pipelines.check import Answer
from pipelines.errors import InputError
from pipelines.manifest import refuse_other
from pipelines.summary import Summary

#: How many cases a part holds: what a run that breaks off has to decide again, at most.
PART_CASES = 500
_PART_BYTES = 8 * 1024 * 1024
_PLAN, _LOCK, _OUTPUT = "plan.json", "lock", "output"


class Ledger:
    """The run folder of one output. A context: it holds the folder against other runs, and leaves nothing
    behind where nothing was sealed."""

    def __init__(self, output: Path, part_cases: int = PART_CASES) -> None:
        self.output = output
        self.folder = _folder(output)
        self.part_cases = part_cases
        self.sealed = 0
        self.summary = Summary()
        self._lines = bytearray()
        self._part = Summary()
        self._lock: int | None = None
        self._not_ours = False

    def __enter__(self) -> Self:
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            words = f"{self.output.parent}: nothing can be written there ({error.strerror})."
            raise InputError(words) from None
        self._hold()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        if not self.sealed and not self._not_ours:
            shutil.rmtree(self.folder, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)

    def _hold(self) -> None:
        try:
            import fcntl
        except ImportError:  # a system without such locks
            return
        self._lock = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            self._lock, self._not_ours = None, True
            raise InputError(f"Another run is writing {self.output}. Wait for it, or stop it.") from None

    def begin(self, plan: dict[str, Any], *, resume: bool, restart: bool) -> Iterator[bytes]:
        """Take up the run that broke off, or begin anew. Gives the lines that are done already.

        Raises InputError where a run that broke off is neither to go on nor to be given up, or rests on
        something else.
        """
        before = self._read_plan()
        if before is not None and self._part_path(0).exists() and not restart:
            self._not_ours = True  # the work of another run: whatever is raised now must leave it
            if not resume:
                raise InputError(
                    f"A run for {self.output} broke off and can go on: add --resume. "
                    "To throw away what it has decided and start anew: --restart."
                )
            refuse_other(before, plan)
            yield from self._take_up()
        self._not_ours = False
        self._clear(self.sealed)
        write_whole(self.folder / _PLAN, json.dumps(plan).encode())

    def _read_plan(self) -> dict[str, Any] | None:
        try:
            plan = json.loads((self.folder / _PLAN).read_bytes())
        except (OSError, ValueError):
            return None
        return plan if isinstance(plan, dict) else None

    def _take_up(self) -> Iterator[bytes]:
        while (found := _unsealed(self._part_path(self.sealed))) is not None:
            lines, summary = found
            self.sealed += 1
            self.summary.merge(summary)
            yield from lines
        self.summary.resumed = self.summary.cases

    def _clear(self, kept: int) -> None:
        """Remove whatever is neither the lock nor one of the first parts."""
        keep = {_LOCK, *(self._part_path(number).name for number in range(kept))}
        for path in self.folder.iterdir():
            if path.name not in keep:
                path.unlink()

    def _part_path(self, number: int) -> Path:
        return self.folder / f"part-{number:08d}.zst"

    def add(self, answer: Answer, line: bytes) -> None:
        """Enter the answer to the next case, and the line that becomes of it."""
        self._lines += line
        self._part.add(answer)
        if self._part.cases >= self.part_cases or len(self._lines) >= _PART_BYTES:
            self.seal()

    def seal(self) -> None:
        """Bring the lines since the last seal to the disk."""
        if not self._part.cases:
            return
        seal = {"sha256": hashlib.sha256(self._lines).hexdigest(), "counts": self._part.counts()}
        self._lines += json.dumps(seal).encode() + b"\n"
        sink = pa.BufferOutputStream()
        with pa.CompressedOutputStream(sink, "zstd") as packed:
            packed.write(self._lines)
        write_whole(self._part_path(self.sealed), sink.getvalue())
        self.sealed += 1
        self.summary.merge(self._part)
        self._lines, self._part = bytearray(), Summary()

    def lines(self) -> Iterator[bytes]:
        """All sealed lines in order.

        Raises InputError where the disk no longer gives what was sealed.
        """
        for number in range(self.sealed):
            found = _unsealed(self._part_path(number))
            if found is None:
                words = f"A part of the run for {self.output} was damaged since it was written."
                raise InputError(f"{words} Run it again with --resume.")
            yield from found[0]

    def draft(self) -> Path:
        """Where the output is written before it is complete; its suffix is that of the output."""
        path = self.folder / f"{_OUTPUT}{self.output.suffix}"
        path.unlink(missing_ok=True)
        return path

    def publish(self, draft: Path, beside: Path, manifest: bytes) -> None:
        """Give the complete output its name, write its manifest and remove the folder."""
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        os.chmod(draft, 0o600)
        # A manifest of older results must not stand beside new ones, not for a moment.
        beside.unlink(missing_ok=True)
        draft.replace(self.output)
        write_whole(beside, manifest)
        (self.folder / _PLAN).unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def _folder(output: Path) -> Path:
    return output.with_name(f".{output.name}.run")


def discard(output: Path) -> None:
    """Remove the folder that a run left which ended between its last two steps."""
    shutil.rmtree(_folder(output), ignore_errors=True)


def _unsealed(path: Path) -> tuple[list[bytes], Summary] | None:
    """The lines of a part and their counts; None where the part is missing or does not fit its seal."""
    try:
        with pa.CompressedInputStream(pa.OSFile(str(path)), "zstd") as packed:
            data = packed.read()
        body, seal = _split(data)
        if hashlib.sha256(body).hexdigest() != seal["sha256"]:
            return None
        return body.splitlines(keepends=True), Summary.of_counts(seal["counts"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, pa.ArrowException):
        return None


def _split(data: bytes) -> tuple[bytes, Any]:
    start = data.rfind(b"\n", 0, len(data) - 1) + 1
    return data[:start], json.loads(data[start:])


def write_whole(path: Path, data: bytes | pa.Buffer) -> None:
    """Write a file that is there whole or not at all, whatever happens to the machine."""
    new = path.with_name(f"{path.name}.new")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make the rename itself survive a power cut, where the system allows it."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
