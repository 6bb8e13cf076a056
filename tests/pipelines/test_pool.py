"""Workers that die, hang or cannot start."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pipelines.batch import _give_up, seconds_for
from pipelines.check import Answer
from pipelines.intake import Line
from pipelines.pool import Plan, PoolError, stream


def lines(*poisons: dict[str, Any]) -> list[Line]:
    cases = [{"case_id": f"c{number}", **poison} for number, poison in enumerate(poisons)]
    return [Line(number, json.dumps(case).encode()) for number, case in enumerate(cases, start=1)]


def plan(make: Any, seconds: float = 60.0, **more: Any) -> Plan[Line, Answer]:
    return Plan(make=make, give_up=_give_up, seconds=partial(seconds_for, seconds, Path()), **more)


def test_answers_come_in_the_order_of_the_items(poisoned: Any) -> None:
    given = lines({"poison": "slow"}, *({} for _ in range(40)))
    answers = [answer.case_id for _, answer in stream(given, plan(poisoned.make), workers=2)]
    assert answers == [f"c{number}" for number in range(41)]


def test_a_case_that_kills_its_worker_costs_only_itself(poisoned: Any) -> None:
    given = lines({}, {}, {"poison": "die"}, {}, {"poison": "die"}, {}, {})
    outcomes = [answer.outcome for _, answer in stream(given, plan(poisoned.make), workers=2)]
    good, bad = "meets_criteria", "worker_crashed"
    assert outcomes == [good, good, bad, good, bad, good, good]


def test_a_worker_killed_from_outside_costs_no_case(poisoned: Any, tmp_path: Path) -> None:
    given = lines({}, {"poison": "die_once", "mark": str(tmp_path / "killed")}, {})
    assert not any(answer.failed for _, answer in stream(given, plan(poisoned.make), workers=2))
    assert (tmp_path / "killed").exists()


def test_a_case_over_its_time_limit_is_stopped(poisoned: Any) -> None:
    start = time.monotonic()
    given = lines({}, {"poison": "hang"}, {}, {})
    outcomes = [answer.outcome for _, answer in stream(given, plan(poisoned.make, 0.5), workers=2)]
    assert outcomes == ["meets_criteria", "time_limit", "meets_criteria", "meets_criteria"]
    assert time.monotonic() - start < 30


def test_a_long_note_may_take_longer(tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_bytes(b"x" * 5_000_000)
    by_path = b'{"case_id": "A", "documents": [{"path": "long.txt"}, {"path": "none.txt"}]}'
    assert seconds_for(60.0, tmp_path, Line(1, b"x" * 5_000_000)) > 60.0 + 60.0
    assert seconds_for(60.0, tmp_path, Line(1, by_path)) > 60.0 + 60.0
    assert seconds_for(60.0, tmp_path, Line(1, b'{"path": 1')) < 61.0


def test_workers_are_replaced_after_their_share(poisoned: Any) -> None:
    given = lines(*({} for _ in range(40)))
    answers = stream(given, plan(poisoned.make_process_id, recycle=8), workers=1)
    assert len({answer.line for _, answer in answers}) == 3  # 40 items, handed out by 16


def test_a_worker_that_cannot_load_the_reader_says_why(poisoned: Any) -> None:
    with pytest.raises(PoolError, match="the saved reader is missing"):
        list(stream(lines({}), plan(poisoned.make_that_fails), workers=2))


def test_workers_that_die_at_once_are_not_started_for_ever(poisoned: Any) -> None:
    with pytest.raises(PoolError, match="end as soon as they start"):
        list(stream(lines({}), plan(poisoned.make_that_dies), workers=2))


def test_only_a_bounded_number_of_items_is_ahead_of_the_output(poisoned: Any) -> None:
    taken = 0

    def endless() -> Iterator[Line]:
        nonlocal taken
        while True:
            taken += 1
            yield lines({})[0]

    running = stream(endless(), plan(poisoned.make), workers=2)
    for _ in range(10):
        next(running)
    running.close()  # type: ignore[attr-defined]
    assert taken < 2000
