"""Workers that survive what a case can do to them.

A stream of items goes in, their answers come out in the same order, and memory does not grow with the
stream. A worker that dies or overruns an item's time limit is replaced, and the items that it held are tried
once more, each alone: the one that ends its second worker is given up, the others lose nothing (nor does an
innocent one whose worker the system killed). Workers get and give plain bytes, never spaCy objects.

The standard library's executor loses the whole run to one crash. pebble isolates crashes, but has no order,
no bound on what waits and no second try: what would be left to write around it is most of this module.
"""

from __future__ import annotations

import contextlib
import multiprocessing as mp
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing import connection
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeVar

In = TypeVar("In")
Out = TypeVar("Out")

_CHUNK = 16
#: A worker answers its chunk at once, or as often as this many seconds: each message wakes the parent.
_TELL_SECONDS = 0.05
_WINDOW = 1024
_STARTS = 3
_START_SECONDS = 300.0
_READY = "ready"


class PoolError(Exception):
    """Workers cannot be started at all."""


@dataclass(frozen=True)
class Plan(Generic[In, Out]):
    """What the workers do.

    `make` runs once in each worker and gives the function that answers an item; it is found there by name.
    `give_up` answers for an item whose workers died ("worker_crashed") or overran its `seconds`
    ("time_limit"). A worker is replaced after `recycle` items: spaCy's vocabulary grows with every new word.
    """

    make: Callable[[], Callable[[In], Out]]
    give_up: Callable[[In, str], Out]
    seconds: Callable[[In], float]
    recycle: int = 5000
    preload: tuple[str, ...] = ()


@dataclass
class _Worker:
    process: BaseProcess
    pipe: connection.Connection
    since: float
    ready: bool = False
    answered: int = 0
    held: deque[tuple[int, Any]] = field(default_factory=deque)

    @property
    def idle(self) -> bool:
        return self.ready and not self.held

    def stop(self) -> None:
        self.pipe.close()
        self.process.kill()
        self.process.join()


def context(preload: tuple[str, ...]) -> Any:
    """A way to start processes that is safe beside threads.

    With a fork server (Linux, macOS) the modules in `preload` load once and every worker shares their memory.
    """
    if "forkserver" not in mp.get_all_start_methods():
        return mp.get_context("spawn")
    chosen = mp.get_context("forkserver")
    chosen.set_forkserver_preload(list(preload))
    return chosen


def stream(items: Iterable[In], plan: Plan[In, Out], workers: int) -> Generator[tuple[In, Out], None, None]:
    """Give each item with its answer, in order.

    Raises PoolError where workers die before their first item.
    """
    crew = Crew(plan, workers)
    try:
        yield from crew.answers(iter(items))
    finally:
        crew.stop()


class Crew(Generic[In, Out]):
    """Workers that stay ready from one stream of items to the next, until they are stopped."""

    def __init__(self, plan: Plan[In, Out], size: int) -> None:
        self.plan = plan
        self.context = context(plan.preload)
        self.failed_starts = 0
        self.next_in = self.next_out = 0
        self.more = True
        self.again: deque[tuple[int, In]] = deque()
        self.deaths: dict[int, int] = {}
        self.done: dict[int, tuple[In, Out]] = {}
        self.workers = [self._start() for _ in range(size)]

    def answers(self, items: Iterator[In]) -> Iterator[tuple[In, Out]]:
        """Give each item with its answer, in order; to be used up before the next stream."""
        self.more = True
        while True:
            self._hand_out(items)
            while self.next_out in self.done:
                yield self.done.pop(self.next_out)
                self.next_out += 1
            if self.next_out == self.next_in and not self.more:
                return
            self._collect()

    @property
    def busy(self) -> bool:
        """Whether a stream was broken off: its items are still under way."""
        return self.next_out != self.next_in

    def stop(self) -> None:
        """End all workers, whatever they are doing."""
        for worker in self.workers:
            worker.stop()

    def _start(self) -> _Worker:
        ours, theirs = self.context.Pipe()
        process = self.context.Process(target=_work, args=(theirs, self.plan.make), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours, time.monotonic())

    def _hand_out(self, items: Iterator[In]) -> None:
        for place, worker in enumerate(self.workers):
            if not worker.idle:
                continue
            if worker.answered >= self.plan.recycle:
                worker.stop()
                self.workers[place] = self._start()
                continue
            chunk = [self.again.popleft()] if self.again else self._take(items)
            if not chunk:
                continue
            worker.held.extend(chunk)
            worker.since = time.monotonic()
            # A worker that has died in between is noticed when its pipe is read.
            with contextlib.suppress(OSError):
                worker.pipe.send([item for _, item in chunk])

    def _take(self, items: Iterator[In]) -> list[tuple[int, In]]:
        chunk: list[tuple[int, In]] = []
        while self.more and len(chunk) < _CHUNK and self.next_in - self.next_out < _WINDOW:
            try:
                chunk.append((self.next_in, next(items)))
            except StopIteration:
                self.more = False
            else:
                self.next_in += 1
        return chunk

    def _collect(self) -> None:
        """Wait for an answer, a death or a time limit, whichever comes first."""
        busy = {worker.pipe: worker for worker in self.workers if not worker.idle}
        first = min((self._deadline(worker) for worker in busy.values()), default=time.monotonic())
        ready = connection.wait(list(busy), timeout=max(0.0, first - time.monotonic()))
        for pipe in ready:
            assert isinstance(pipe, connection.Connection)
            self._receive(busy[pipe])
        now = time.monotonic()
        for pipe, worker in busy.items():
            if pipe not in ready and now > self._deadline(worker):
                self._replace(worker, "time_limit")

    def _deadline(self, worker: _Worker) -> float:
        return worker.since + (self.plan.seconds(worker.held[0][1]) if worker.held else _START_SECONDS)

    def _receive(self, worker: _Worker) -> None:
        try:
            message = worker.pipe.recv()
        except (EOFError, OSError):
            self._replace(worker, "worker_crashed")
            return
        worker.since = time.monotonic()
        if not worker.ready:
            if message != _READY:
                raise PoolError(message)
            worker.ready, self.failed_starts = True, 0
            return
        for answer in message:
            index, item = worker.held.popleft()
            worker.answered += 1
            self.done[index] = item, answer
            self.deaths.pop(index, None)

    def _replace(self, worker: _Worker, reason: str) -> None:
        """Start another worker in this one's place and see to the items that it held."""
        worker.stop()
        if worker.held:
            for index, item in worker.held:
                self.deaths[index] = self.deaths.get(index, 0) + 1
                if self.deaths[index] > 1:
                    self.done[index] = item, self.plan.give_up(item, reason)
                else:
                    self.again.append((index, item))
        elif not worker.ready:
            self.failed_starts += 1
            if self.failed_starts >= _STARTS:
                raise PoolError(
                    "Workers end as soon as they start. Check the memory that is free, or use --workers 1."
                )
        self.workers[self.workers.index(worker)] = self._start()


def _work(pipe: connection.Connection, make: Callable[[], Callable[[Any], Any]]) -> None:
    """The life of a worker: get ready, then answer items until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _leave_nothing_behind()
    try:
        _serve(pipe, make)
    except BaseException:
        # A traceback could quote a note. The parent takes the silence for a crash, which it is.
        os._exit(1)


def _leave_nothing_behind() -> None:
    """End with the parent, also where it is killed; no memory with notes in it goes to the disk."""
    with contextlib.suppress(ImportError, OSError, ValueError):  # as far as the system has such means
        import fcntl
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        parent = mp.parent_process()
        if parent:
            # The kernel sends SIGIO, which ends this process, when the parent's end of this pipe closes: a
            # thread that waits for it would never run beside a regex that goes on for ever.
            fcntl.fcntl(parent.sentinel, fcntl.F_SETOWN, os.getpid())
            flags = fcntl.fcntl(parent.sentinel, fcntl.F_GETFL)
            fcntl.fcntl(parent.sentinel, fcntl.F_SETFL, flags | os.O_ASYNC)
            if connection.wait([parent.sentinel], timeout=0):
                os._exit(1)


def _serve(pipe: connection.Connection, make: Callable[[], Callable[[Any], Any]]) -> None:
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        try:
            answer = make()
        except Exception as error:  # no case has been seen yet: its words hold no note
            pipe.send(f"Workers cannot start: {error or type(error).__name__}")
            return
        pipe.send(_READY)
        while True:
            answers, told = [], time.monotonic()
            for item in pipe.recv():
                answers.append(answer(item))
                if time.monotonic() - told > _TELL_SECONDS:
                    pipe.send(answers)
                    answers, told = [], time.monotonic()
            if answers:
                pipe.send(answers)


def cores() -> int:
    """The number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
