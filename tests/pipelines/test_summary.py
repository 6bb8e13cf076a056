"""What a batch tells at its end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipelines.check import Answer
from pipelines.summary import Summary, summary_lines

Run = Callable[..., tuple[int, str, str]]
Case = Callable[..., dict[str, Any]]


def a_summary() -> Summary:
    summary = Summary()
    raised = (("neuro.foot_drop", "met"), ("back_pain.emg", "incomplete"))
    summary.add(Answer("A", "meets_criteria", False, b"", raised))
    summary.add(Answer("B", "insufficient_documentation", False, b"", raised[1:], ("active_component",)))
    summary.add(Answer("C", "time_limit", True, b""))
    return summary


def test_cases_are_counted_by_determination_indication_requirement_and_error() -> None:
    assert a_summary().counts() == {
        "cases": 3,
        "failed": 1,
        "determinations": {"insufficient_documentation": 1, "meets_criteria": 1},
        "indications": {"back_pain.emg": {"incomplete": 2}, "neuro.foot_drop": {"met": 1}},
        "missing": {"active_component": 1},
        "errors": {"time_limit": 1},
    }


def test_counts_become_the_summary_again_that_they_were_and_add_up() -> None:
    again = Summary.of_counts(json.loads(json.dumps(a_summary().counts())))
    assert again == a_summary()
    again.merge(a_summary())
    assert (again.cases, again.failed, again.errors["time_limit"]) == (6, 2, 2)


def test_the_speed_counts_only_what_this_run_decided() -> None:
    summary = a_summary()
    summary.resumed = 1
    assert summary.rate(4.0) == 0.5
    assert summary_lines(summary, 4.0)[0] == "3 cases in 4 s, 0/s (1 of an earlier run)"


def test_a_long_list_is_cut_where_it_is_shown_but_says_so() -> None:
    summary = Summary()
    for number in range(15):
        summary.add(Answer(str(number), f"error_{number}", True, b""))
    assert summary_lines(summary, 1.0)[-1].strip() == "and 5 more (--summary FILE has all)"


def test_the_summary_of_a_run_is_written_as_json(
    indicia: Run, case: Case, write_lines: Callable[..., Path], tmp_path: Path
) -> None:
    source = write_lines([case("A"), case("B", "Low back pain for 2 years. Ten PT visits."), "{"])
    options = ("--output", tmp_path / "out.jsonl", "--workers", 1, "--summary", tmp_path / "s.json")
    assert indicia("batch", source, *options)[0] == 1
    found = json.loads((tmp_path / "s.json").read_text())
    assert (found["cases"], found["failed"], found["errors"]) == (3, 1, {"malformed_line": 1})
    assert found["indications"]["neuro.foot_drop"] == {"met": 1}
    assert set(found["missing"].values()) == {1}
    assert found["seconds"] > 0 and found["cases_per_second"] > 0 and found["resumed"] == 0


def test_a_table_is_mapped_on_the_command_line(indicia: Run, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("id,note,date,clinic\nA,Left foot drop on exam.,2026-03-02,North\n")
    maps = [option for item in ("case_id=id", "text=note", "service_date=date") for option in ("--map", item)]
    output = tmp_path / "out.jsonl"
    told = indicia(
        "batch", tmp_path / "in.csv", "--output", output, *maps, "--keep", "clinic", "--workers", 1
    )
    assert told == (0, "", "")
    (row,) = map(json.loads, output.read_text().splitlines())
    assert (row["case_id"], row["service_date"], row["kept"]) == ("A", "2026-03-02", {"clinic": "North"})


def test_resuming_and_restarting_at_once_is_refused(indicia: Run, tmp_path: Path) -> None:
    code, _, told = indicia("batch", tmp_path, "--output", tmp_path / "x", "--resume", "--restart")
    assert code == 2 and "give one of them" in told
