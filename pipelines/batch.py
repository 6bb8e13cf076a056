"""Many cases: any table in, a result for each case out, in order, none lost, none doubled."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Literal, NamedTuple

from pipelines.check import Answer, check_line, failed, warm
from pipelines.digests import Digests, digest
from pipelines.errors import CaseError, InputError
from pipelines.intake import Line, bytes_to_read, case_id_in
from pipelines.ledger import PART_CASES, Ledger, discard
from pipelines.manifest import beside, complete, counts_if_complete, plan_of
from pipelines.outputs import with_kept, writer_for
from pipelines.pool import Plan, PoolError, cores, stream
from pipelines.rows import Columns
from pipelines.summary import Summary
from pipelines.tables import Source, source_of

#: Seconds that a case may take, and what a megabyte of notes adds to them.
TIME_LIMIT = 60.0
_SECONDS_A_MEGABYTE = 20.0

Checker = Callable[[Line], Answer]
Make = Callable[[], Checker]
Engine = Callable[[Iterable[Line], "Job"], Generator[tuple[Line, Answer], None, None]]


def run(
    source: Path,
    output: Path,
    *,
    workers: int | None = None,
    time_limit: float = TIME_LIMIT,
    columns: Columns | None = None,
    engine: Literal["local", "spark"] = "local",
    resume: bool = False,
    restart: bool = False,
    part_cases: int = PART_CASES,
    progress: Callable[[Source, Line], object] | None = None,
    make: Make | None = None,
    keep_text: bool = False,
) -> Summary:
    """Decide the cases of a table or a folder and write a result for each, in input order.

    The output appears under its name only when it is complete, with a manifest beside it. A run that breaks
    off, however, can be taken up with `resume` and then gives the bytes of an uninterrupted one. `progress`
    is called after each case. `make` builds the function that answers a line (for tests). `keep_text` adds
    the documents' texts to the results.

    Raises InputError where there is no complete output: unreadable input, unusable output, no worker that
    starts, a run that broke off and rests on something else.
    """
    columns = columns or Columns()
    _refuse_same(source, output)
    write = writer_for(output, columns.keep)
    cases = source_of(source, columns)
    stamp, plan = cases.stamp(), plan_of(cases, columns, time_limit, keep_text)
    if resume and (counts := counts_if_complete(plan, output)) is not None:
        discard(output)
        summary = Summary.of_counts(counts)
        summary.resumed = summary.cases
        return summary
    seconds = partial(seconds_for, time_limit, cases.folder)
    job = Job(make or partial(checker, cases.folder, keep_text), seconds, workers or _default_workers())
    if make:  # no need for the reader
        job = job._replace(preload=__name__)
    try:
        with Ledger(output, part_cases) as ledger:
            seen = _Seen(ledger.begin(plan, resume=resume, restart=restart))
            todo = islice(cases.lines(), ledger.summary.cases, None)
            with contextlib.closing(_engine(engine)(todo, job)) as answered:
                for line, answer in answered:
                    answer = seen.check(answer)
                    ledger.add(answer, with_kept(answer.line, line.kept))
                    if progress:
                        progress(cases, line)
            ledger.seal()
            if cases.stamp() != stamp:
                raise InputError("The input changed while it was read. Start anew with --restart.")
            draft = ledger.draft()
            write(draft, ledger.lines(), columns.keep)
            ledger.publish(draft, beside(output), complete(plan, ledger.summary.counts(), draft))
            return ledger.summary
    except PoolError as error:
        raise InputError(str(error)) from None
    except OSError as error:
        words = f"{output}: the results cannot be written ({error.strerror or type(error).__name__})."
        raise InputError(f"{words} Make room, then go on with --resume.") from None


class Job(NamedTuple):
    """What an engine needs to answer lines: how to build a checker, the time a line may take, how many
    work."""

    make: Make
    seconds: Callable[[Line], float]
    workers: int
    preload: str = "pipelines.preload"


def _engine(name: Literal["local", "spark"]) -> Engine:
    if name == "local":
        return local
    from pipelines.spark import answers

    return answers


def _default_workers() -> int:
    """Two even on one processor: only a pool keeps a crash to its case."""
    return max(2, cores())


def checker(folder: Path, keep_text: bool = False) -> Checker:
    """Build the function that answers a line, the reader loaded."""
    warm()
    return partial(check_line, folder=folder, keep_text=keep_text)


def local(lines: Iterable[Line], job: Job) -> Generator[tuple[Line, Answer], None, None]:
    """Answer lines in order, here. One worker is this process: same answers, but its crash ends the run."""
    if job.workers == 1:
        return _alone(lines, job)
    _one_thread_each()
    return stream(lines, pool_plan(job), job.workers)


def pool_plan(job: Job) -> Plan[Line, Answer]:
    """What the workers of a pool do for a job."""
    return Plan(make=job.make, give_up=_give_up, seconds=job.seconds, preload=(job.preload,))


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


def _alone(lines: Iterable[Line], job: Job) -> Generator[tuple[Line, Answer], None, None]:
    check = job.make()
    for line in lines:
        try:
            with _alarm(job.seconds(line)):
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
    """The case_ids of a batch so far."""

    def __init__(self, done: Iterable[bytes]) -> None:
        """Start with the ids of lines that are done already."""
        self._digests = Digests()
        for number, line in enumerate(done, start=1):
            self._digests.add(digest(case_id_in(Line(number, line))))

    def check(self, answer: Answer) -> Answer:
        """Return the answer, or the error of a case_id that was used before."""
        if self._digests.add(digest(answer.case_id)):
            return answer
        message = "An earlier case of this batch has the same case_id. Give each its own; run this one again."
        return failed(answer.case_id, CaseError("duplicate_case_id", message))


def _refuse_same(source: Path, output: Path) -> None:
    if output.is_dir():
        raise InputError(f"{output} is a folder. Give the name of a file for the results.")
    if output.exists() and source.exists() and output.samefile(source):
        raise InputError("Input and output are the same file. Give the results another name.")
    if not output.parent.is_dir():
        raise InputError(f"{output.parent}: no such folder. Create it, or give another path for the results.")
