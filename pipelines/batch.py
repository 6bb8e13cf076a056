"""Many cases: a stream of lines in, a line of result for each out, in order, none lost."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType

from pipelines.check import Answer, check_line, failed, warm
from pipelines.errors import CaseError, InputError
from pipelines.intake import Line, bytes_to_read, case_id_in, folder_lines, lines_of
from pipelines.pool import Plan, PoolError, cores, stream

#: Seconds that a case may take, and what a megabyte of notes adds to them.
TIME_LIMIT = 60.0
_SECONDS_A_MEGABYTE = 20.0

Checker = Callable[[Line], Answer]
Make = Callable[[], Checker]


@dataclass
class Summary:
    """What became of a batch: cases, failed cases, and how many ended in which way."""

    cases: int = 0
    failed: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)

    def add(self, answer: Answer) -> None:
        self.cases += 1
        self.failed += answer.failed
        self.outcomes[answer.outcome] += 1


def run(
    source: Path,
    output: Path,
    *,
    workers: int | None = None,
    time_limit: float = TIME_LIMIT,
    progress: Callable[[Line], None] | None = None,
    make: Make | None = None,
    keep_text: bool = False,
) -> Summary:
    """Decide the cases of a JSONL file or a folder and write a line of result for each, in input order.

    The output appears under its name only when it is complete. `progress` is called with each line answered.
    `make` builds the function that answers a line (for tests). `keep_text` adds the documents' texts.

    Raises InputError where nothing could be written: unreadable input, unusable output, no worker that
    starts.
    """
    _refuse_same(source, output)
    folder = source if source.is_dir() else source.parent
    lines = folder_lines(source) if source.is_dir() else lines_of(source)
    make = make or partial(checker, folder, keep_text)
    seconds = partial(seconds_for, time_limit, folder)
    seen, summary = _Seen(), Summary()
    try:
        with _new_file(output) as write:
            for line, answer in answers(lines, make, seconds, workers or _default_workers()):
                answer = seen.check(answer)
                summary.add(answer)
                write(answer.line)
                if progress:
                    progress(line)
    except PoolError as error:
        raise InputError(str(error)) from None
    return summary


def _default_workers() -> int:
    """Two even on one processor: only a pool keeps a crash to its case."""
    return max(2, cores())


def checker(folder: Path, keep_text: bool = False) -> Checker:
    """Build the function that answers a line, the reader loaded."""
    warm()
    return partial(check_line, folder=folder, keep_text=keep_text)


def answers(
    lines: Iterable[Line], make: Make, seconds: Callable[[Line], float], workers: int
) -> Iterator[tuple[Line, Answer]]:
    """Answer lines in order. One worker is this process: same answers, but its crash ends the run."""
    if workers == 1:
        yield from _alone(lines, make, seconds)
        return
    _one_thread_each()
    plan = Plan[Line, Answer](
        make=make,
        give_up=_give_up,
        seconds=seconds,
        preload=("pipelines.preload",),
    )
    yield from stream(lines, plan, workers)


def seconds_for(limit: float, folder: Path, line: Line) -> float:
    """The time that a line may take: long notes get more."""
    return limit + _SECONDS_A_MEGABYTE * bytes_to_read(line, folder) / 1e6


def _give_up(line: Line, reason: str) -> Answer:
    case_id = case_id_in(line)
    if reason == "time_limit":
        message = "Reading this case took too long and was stopped."
    else:
        message = "The process that read this case ended twice without an answer."
    return failed(
        case_id, CaseError(reason, f"{message} Send the case by hand to a reviewer; check its documents.")
    )


# --- one worker ------------------------------------------------------------------------------------


class _TimeUp(BaseException):
    """Not an Exception, so that no handler on the way takes it for a failure of the case."""


def _alone(
    lines: Iterable[Line], make: Make, seconds: Callable[[Line], float]
) -> Iterator[tuple[Line, Answer]]:
    check = make()
    for line in lines:
        try:
            with _alarm(seconds(line)):
                answer = check(line)
        except _TimeUp:
            answer = _give_up(line, "time_limit")
        yield line, answer


@contextlib.contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Raise _TimeUp in here after so many seconds, where the system has timers for it."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise _TimeUp

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _one_thread_each() -> None:
    """Keep numerical libraries of the workers from starting a thread for every core."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"):
        os.environ.setdefault(name, "1")


# --- output ----------------------------------------------------------------------------------------


class _Seen:
    """The case_ids of a batch so far, as 16-byte digests: a million of them stay under 100 MB."""

    def __init__(self) -> None:
        self._digests: set[bytes] = set()

    def check(self, answer: Answer) -> Answer:
        """Return the answer, or the error of a case_id that was used before."""
        digest = hashlib.blake2b(answer.case_id.encode("utf-8", "replace"), digest_size=16).digest()
        if digest not in self._digests:
            self._digests.add(digest)
            return answer
        message = "An earlier case of this batch has the same case_id. Give each its own; run this one again."
        return failed(answer.case_id, CaseError("duplicate_case_id", message))


def _refuse_same(source: Path, output: Path) -> None:
    if not source.exists():
        raise InputError(
            f"{source}: no such file or folder. Give the path of a JSONL file or a folder of notes."
        )
    if output.is_dir():
        raise InputError(f"{output} is a folder. Give the name of a file for the results.")
    if output.exists() and output.samefile(source):
        raise InputError("Input and output are the same file. Give the results another name.")
    if not output.parent.is_dir():
        raise InputError(f"{output.parent}: no such folder. Create it, or give another path for the results.")


@contextlib.contextmanager
def _new_file(path: Path) -> Iterator[Callable[[bytes], object]]:
    """Write a file that appears, whole, when the block ends well, and not at all otherwise."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    except OSError as error:
        raise InputError(f"{path.parent}: nothing can be written there ({error.strerror}).") from None
    part = Path(name)
    try:
        with open(handle, "wb", buffering=1 << 20) as file:
            yield file.write
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise InputError(f"{path}: the results cannot be written ({error.strerror}).") from None
    finally:
        part.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make the rename itself survive a power cut, where the system allows it."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
