"""Batches: nothing lost, nothing doubled, the same bytes however many work at it."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from pipelines import batch
from pipelines.errors import InputError

Write = Callable[..., Path]
Case = Callable[..., dict[str, Any]]


def results(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def mixed(case: Case, write_lines: Write) -> Path:
    """Good and bad cases in one file."""
    good = [case(f"A-{number}") for number in range(12)]
    bad = [
        "{broken",
        case("A-3"),
        case("no documents", documents=[]),
        case("too old", service_date="1999-01-01"),
        case("impossible", service_date="2026-02-31"),
        case("empty", ""),
        case("blank", " \n\t\r\n "),
        case("nul", "left \x00foot\x00 drop on exam"),
        case("surrogate \ud83d", "left foot drop \udc00"),
        case("separators", "left foot drop\u2028on exam\x85today"),
        case("unknown code", cpt_codes=["99213"]),
        case("malformed code", cpt_codes=["7214"]),
        case("missing file", documents=[{"path": "nowhere.txt"}]),
        '{"case_id": "latin", "documents": [{"text": "Zo\xeb"}]}'.encode("cp1252"),
        b"\xff\xfe\xfd",
    ]
    mixture = [line for pair in zip(good, [*bad, *good], strict=False) for line in pair]
    return write_lines([*mixture, *bad[len(good) :]])


def test_every_case_keeps_its_line_and_the_bytes_do_not_depend_on_the_workers(
    mixed: Path, tmp_path: Path
) -> None:
    outputs = [tmp_path / f"out{workers}.jsonl" for workers in (1, 2, 3)]
    summaries = [batch.run(mixed, output, workers=number) for number, output in enumerate(outputs, start=1)]
    assert len({output.read_bytes() for output in outputs}) == 1
    found = results(outputs[0])
    assert len(found) == summaries[0].cases == len(mixed.read_bytes().splitlines())
    codes = {row["case_id"]: row["error"] and row["error"]["code"] for row in found}
    assert codes["no documents"] == codes["impossible"] == "invalid_case"
    assert codes["line-2"] == "malformed_line"
    assert codes["too old"] == "no_edition"
    assert codes["missing file"] == "missing_file"
    for name in ("empty", "blank", "nul", "surrogate \ufffd", "separators", "unknown code", "malformed code"):
        assert codes[name] is None
    failed = [row for row in found if row["error"]]
    assert summaries[0].failed == len(failed)
    assert all(row["determination"] is None and row["error"]["message"] for row in failed)


def test_a_case_id_used_twice_is_an_error_of_the_later_case(
    case: Case, write_lines: Write, tmp_path: Path
) -> None:
    path = write_lines([case("A"), case("B"), case("A")])
    batch.run(path, tmp_path / "out.jsonl", workers=1)
    found = results(tmp_path / "out.jsonl")
    assert [row["error"] and row["error"]["code"] for row in found] == [None, None, "duplicate_case_id"]
    assert found[2]["case_id"] == "A"


def test_a_case_without_any_date_is_an_error_that_asks_for_one(write_lines: Write, tmp_path: Path) -> None:
    path = write_lines([{"case_id": "A", "documents": [{"text": "EXAM: left foot drop."}]}])
    batch.run(path, tmp_path / "out.jsonl", workers=1)
    (row,) = results(tmp_path / "out.jsonl")
    assert row["error"]["code"] == "no_service_date"
    assert "service_date" in row["error"]["message"]


def test_a_document_dated_after_the_service_date_is_left_out_with_a_remark(
    case: Case, write_lines: Write, tmp_path: Path
) -> None:
    late = {"document_id": "late", "date": "2026-03-20", "text": "EXAM: left foot drop, TA 2/5."}
    early = {"document_id": "early", "date": "2026-02-20", "text": "HPI: low back pain. EXAM: strength 5/5."}
    path = write_lines([case("A", documents=[early, late])])
    batch.run(path, tmp_path / "out.jsonl", workers=1)
    (row,) = results(tmp_path / "out.jsonl")
    quoted = {quote["document_id"] for fact in row["facts"] for quote in fact["evidence"]}
    assert quoted == {"early"}
    assert any("late" in remark["message"] for remark in row["remarks"])


def test_the_bytes_do_not_depend_on_the_hash_seed(case: Case, write_lines: Write, tmp_path: Path) -> None:
    path = write_lines([case(f"A-{number}") for number in range(3)])
    outputs = set()
    for seed in ("1", "2"):
        output = tmp_path / f"out{seed}.jsonl"
        call = "import sys; from pipelines.cli import main; main()"
        subprocess.run(
            [sys.executable, "-c", call, "batch", str(path), "--output", str(output), "--workers", "1"],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            timeout=120,
        )
        outputs.add(output.read_bytes())
    assert len(outputs) == 1


def test_one_poisoned_case_does_not_stop_the_others(
    poisoned: Any, write_lines: Write, tmp_path: Path
) -> None:
    cases = [
        {"case_id": "a"},
        {"case_id": "b", "poison": "die"},
        {"case_id": "c", "poison": "hang"},
        {"case_id": "d"},
    ]
    output = tmp_path / "out.jsonl"
    summary = batch.run(write_lines(cases), output, workers=2, time_limit=0.5, make=poisoned.make)
    assert dict(summary.outcomes) == {"meets_criteria": 2, "worker_crashed": 1, "time_limit": 1}
    lines = output.read_text().splitlines()
    assert (lines[0], lines[3]) == ("a", "d")
    assert [json.loads(line)["case_id"] for line in lines[1:3]] == ["b", "c"]


def test_one_worker_keeps_the_time_limit_too(poisoned: Any, write_lines: Write, tmp_path: Path) -> None:
    cases = [{"case_id": "a", "poison": "hang"}, {"case_id": "b"}]
    summary = batch.run(write_lines(cases), tmp_path / "out", workers=1, time_limit=0.3, make=poisoned.make)
    assert dict(summary.outcomes) == {"time_limit": 1, "meets_criteria": 1}


def test_a_batch_runs_outside_the_main_thread(poisoned: Any, write_lines: Write, tmp_path: Path) -> None:
    path = write_lines([{"case_id": "a"}])
    thread = threading.Thread(target=lambda: batch.run(path, tmp_path / "out", workers=1, make=poisoned.make))
    thread.start()
    thread.join(timeout=30)
    assert (tmp_path / "out").read_text() == "a\n"


def test_the_output_appears_only_when_it_is_whole(poisoned: Any, write_lines: Write, tmp_path: Path) -> None:
    path = write_lines([{"case_id": "a"}, {"case_id": "b"}])
    output = tmp_path / "out.jsonl"

    def look(source: object, line: object) -> None:
        assert not output.exists()
        assert (tmp_path / ".out.jsonl.run").stat().st_mode & 0o777 == 0o700

    batch.run(path, output, workers=1, make=poisoned.make, progress=look)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"cases.jsonl", "out.jsonl", "out.jsonl.manifest.json"}
    assert output.stat().st_mode & 0o777 == 0o600


def test_a_batch_that_breaks_off_before_anything_is_sealed_leaves_nothing_behind(
    poisoned: Any, write_lines: Write, tmp_path: Path
) -> None:
    path = write_lines([{"case_id": "a"}])
    output = tmp_path / "out.jsonl"
    output.write_text("of an earlier run")

    def interrupt(source: object, line: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        batch.run(path, output, workers=1, make=poisoned.make, progress=interrupt)
    assert output.read_text() == "of an earlier run"
    assert {path.name for path in tmp_path.iterdir()} == {"cases.jsonl", "out.jsonl"}


def test_unusable_outputs_are_refused_before_anything_is_read(write_lines: Write, tmp_path: Path) -> None:
    path = write_lines(["{}"])
    for output, words in [
        (path, "the same file"),
        (tmp_path, "is a folder"),
        (tmp_path / "none" / "out.jsonl", "no such folder"),
    ]:
        with pytest.raises(InputError, match=words):
            batch.run(path, output, workers=1)


def test_workers_that_cannot_start_are_told_in_words(
    poisoned: Any, write_lines: Write, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="the saved reader is missing"):
        batch.run(write_lines([{"case_id": "a"}]), tmp_path / "out", workers=2, make=poisoned.make_that_fails)
    assert not (tmp_path / "out").exists()


def test_a_folder_of_notes_is_a_batch(tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "one.txt").write_text("Left foot drop on exam 03/01/2026.")
    (folder / "two.txt").write_text("Well child visit 03/01/2026.")
    batch.run(folder, tmp_path / "out.jsonl", workers=1)
    assert [row["case_id"] for row in results(tmp_path / "out.jsonl")] == ["one", "two"]


NOISE = {
    "zeros": bytes(10_000_000),
    "random bytes, a megabyte of them": random.Random(1).randbytes(1_000_000),
    "one long word": b"x" * 10_000_000,
    "blank lines": b"\r\n" * 5_000_000,
}


@pytest.mark.parametrize("noise", NOISE.values(), ids=NOISE.keys())
def test_ten_megabytes_of_noise_are_read_and_are_one_case_among_others(
    noise: bytes, case: Case, write_lines: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "_SECONDS_A_MEGABYTE", 6.0)
    (tmp_path / "noise.txt").write_bytes(noise)
    path = write_lines([case("before"), case("noise", documents=[{"path": "noise.txt"}]), case("after")])
    batch.run(path, tmp_path / "out.jsonl", workers=1, time_limit=5.0)
    before, middle, after = results(tmp_path / "out.jsonl")
    assert before["error"] is None and after["error"] is None
    assert before["determination"] == after["determination"]
    assert (middle["case_id"], middle["error"]) == ("noise", None)
    assert middle["determination"] not in {"meets_criteria", "does_not_meet"}


def test_a_progress_hook_sees_each_line_once(poisoned: Any, write_lines: Write, tmp_path: Path) -> None:
    seen: list[int] = []
    cases: Iterable[Any] = [{"case_id": str(number)} for number in range(20)]
    hook = lambda source, line: seen.append(line.number)  # noqa: E731
    batch.run(write_lines(cases), tmp_path / "out", workers=2, make=poisoned.make, progress=hook)
    assert seen == list(range(1, 21))
