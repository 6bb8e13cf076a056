"""Runs that break off: nothing lost, nothing doubled, and never two ways of deciding in one output."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines import batch, manifest
from pipelines.batch import Job
from pipelines.errors import InputError
from pipelines.ledger import Ledger
from pipelines.rows import Columns

Write = Callable[..., Path]


@pytest.fixture
def source(write_lines: Write) -> Path:
    cases = [{"case_id": f"c{number}", "documents": [{"text": f"note {number}"}]} for number in range(40)]
    return write_lines([*cases, cases[3], "{broken"])


class Stop(Exception):
    """What breaks a run off in these tests."""


def broken_off(source: Path, output: Path, cheap: Any, after: int, **options: Any) -> None:
    """Run until so many cases are done, then break off."""
    left = after

    def count(*_: object) -> None:
        nonlocal left
        left -= 1
        if not left:
            raise Stop

    with pytest.raises(Stop):
        run(source, output, cheap, progress=count, **options)


def run(source: Path, output: Path, cheap: Any, **options: Any) -> Any:
    return batch.run(source, output, workers=1, make=cheap.make, part_cases=10, **options)


@pytest.mark.parametrize("after", [1, 9, 10, 11, 35, 40, 42])
def test_a_run_that_broke_off_anywhere_resumes_to_the_same_bytes(
    source: Path, tmp_path: Path, cheap: Any, after: int
) -> None:
    whole, output = tmp_path / "whole.jsonl", tmp_path / "out.jsonl"
    want = run(source, whole, cheap)
    broken_off(source, output, cheap, after)
    summary = run(source, output, cheap, resume=True)
    assert output.read_bytes() == whole.read_bytes()
    assert manifest.beside(output).read_bytes() == manifest.beside(whole).read_bytes()
    assert summary.counts() == want.counts()
    assert summary.resumed == after // 10 * 10
    assert sorted(path.name for path in tmp_path.glob(".*")) == []


def test_a_case_id_used_before_the_break_is_still_known_after_it(
    source: Path, tmp_path: Path, cheap: Any
) -> None:
    broken_off(source, tmp_path / "out.jsonl", cheap, 30)
    summary = run(source, tmp_path / "out.jsonl", cheap, resume=True)
    assert dict(summary.errors) == {"duplicate_case_id": 1, "malformed_line": 1}


def test_a_run_that_broke_off_is_neither_lost_nor_taken_up_unasked(
    source: Path, tmp_path: Path, cheap: Any
) -> None:
    output = tmp_path / "out.jsonl"
    broken_off(source, output, cheap, 25)
    with pytest.raises(InputError, match="add --resume"):
        run(source, output, cheap)
    assert run(source, output, cheap, restart=True).resumed == 0


def test_a_resume_with_another_input_rules_or_options_is_refused_in_words(
    source: Path, tmp_path: Path, cheap: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out.jsonl"
    broken_off(source, output, cheap, 25)
    with pytest.raises(InputError, match="an option"):
        run(source, output, cheap, resume=True, columns=Columns(keep=("clinic",)))
    with monkeypatch.context() as patch:
        patch.setattr(manifest, "software", lambda: {"version": "0.1.0", "rules_digest": "sha256:other"})
        with pytest.raises(InputError, match="the rules changed since it began"):
            run(source, output, cheap, resume=True)
    with source.open("a") as file:
        file.write("{}\n")
    with pytest.raises(InputError, match="the input changed since it began"):
        run(source, output, cheap, resume=True)
    assert not output.exists()


def test_a_damaged_part_is_decided_anew_with_all_that_follows_it(
    source: Path, tmp_path: Path, cheap: Any
) -> None:
    run(source, tmp_path / "whole.jsonl", cheap)
    for damage in (lambda data: data[:-5], lambda data: b"", lambda data: data[:40] + b"?" + data[41:]):
        output = tmp_path / "out.jsonl"
        output.unlink(missing_ok=True)
        broken_off(source, output, cheap, 35)
        part = tmp_path / ".out.jsonl.run" / "part-00000001.zst"
        part.write_bytes(damage(part.read_bytes()))
        assert run(source, output, cheap, resume=True).resumed == 10
        assert output.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


def test_a_resume_of_what_is_complete_does_nothing(source: Path, tmp_path: Path, cheap: Any) -> None:
    output = tmp_path / "out.jsonl"
    first = run(source, output, cheap)
    stamp = output.stat().st_mtime_ns
    again = run(source, output, cheap, resume=True)
    assert (again.counts(), again.resumed) == (first.counts(), first.cases)
    assert output.stat().st_mtime_ns == stamp
    output.write_bytes(output.read_bytes()[:-9])
    assert run(source, output, cheap, resume=True).resumed == 0


def test_an_input_that_changes_while_it_is_read_gives_no_output(
    source: Path, tmp_path: Path, cheap: Any
) -> None:
    def append(*_: object) -> None:
        with source.open("a") as file:
            file.write("\n")

    with pytest.raises(InputError, match="changed while it was read"):
        run(source, tmp_path / "out.jsonl", cheap, progress=append)
    assert not (tmp_path / "out.jsonl").exists()


def test_two_runs_never_write_one_output(source: Path, tmp_path: Path, cheap: Any) -> None:
    output = tmp_path / "out.jsonl"
    with Ledger(output), pytest.raises(InputError, match="Another run is writing"):
        run(source, output, cheap)
    run(source, output, cheap)


def test_the_manifest_proves_what_a_run_rests_on_and_names_no_file_and_no_case(
    source: Path, tmp_path: Path, cheap: Any
) -> None:
    output = tmp_path / "out.jsonl"
    run(source, output, cheap)
    text = manifest.beside(output).read_text()
    found = json.loads(text)
    assert found["counts"]["cases"] == 42
    assert found["output"] == manifest.file_digest(output)
    assert {"input", "rules", "program", "versions", "options"} < set(found)
    assert "cases.jsonl" not in text and '"c17"' not in text


def test_a_full_disk_is_told_in_words_and_the_run_goes_on_once_there_is_room(
    source: Path, tmp_path: Path, cheap: Any
) -> None:
    run(source, tmp_path / "whole.jsonl", cheap)
    output = tmp_path / "out.jsonl"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    seen = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    def fill(*_: object) -> None:
        parts = len(list((tmp_path / ".out.jsonl.run").glob("part-*")))
        resource.setrlimit(resource.RLIMIT_FSIZE, (64 if parts >= 2 else before[0], before[1]))

    try:
        with pytest.raises(InputError, match=r"cannot be written .*Make room, then go on with --resume"):
            run(source, output, cheap, progress=fill)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, seen)
    assert not output.exists()
    assert run(source, output, cheap, resume=True).resumed == 20
    assert output.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


@pytest.mark.parametrize("name", ["out.parquet", "out.sqlite", "out.csv", "out.jsonl.zst"])
def test_every_format_is_the_same_file_after_a_resume(
    write_lines: Write, case: Callable[..., Any], tmp_path: Path, cheap: Any, name: str
) -> None:
    source = write_lines([case(f"A-{number}") for number in range(12)])
    outputs = [tmp_path / "whole" / name, tmp_path / "resumed" / name]
    for output in outputs:
        output.parent.mkdir()
    batch.run(source, outputs[0], workers=1)
    left = iter(range(7))

    def stop(*_: object) -> None:
        if next(left, None) is None:
            raise Stop

    with pytest.raises(Stop):
        batch.run(source, outputs[1], workers=1, part_cases=3, progress=stop)
    assert batch.run(source, outputs[1], workers=1, part_cases=3, resume=True).resumed == 6
    assert outputs[0].read_bytes() == outputs[1].read_bytes()


# --- kill -9 ---------------------------------------------------------------------------------------

SCRIPT = Path(__file__).parent / "fakes" / "cheap.py"


def started(source: Path, output: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), str(source), str(output)], stdout=subprocess.DEVNULL
    )


def wait_for(what: Callable[[], object], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while not what() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)


def test_a_run_that_is_killed_resumes_to_the_same_bytes(write_lines: Write, tmp_path: Path) -> None:
    text = "slow " * 50
    source = write_lines([{"case_id": f"c{n}", "documents": [{"text": f"{text}{n}"}]} for n in range(400)])
    assert started(source, tmp_path / "whole.jsonl").wait(60) == 0
    output = tmp_path / "out.jsonl"
    for parts in (2, 6):
        process = started(source, output)
        wait_for(lambda parts=parts: len(list(tmp_path.glob(".out.jsonl.run/part-*"))) >= parts, process)
        process.kill()
        process.wait()
        assert not output.exists()
    assert started(source, output).wait(60) == 0
    assert output.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads /proc")
def test_no_worker_outlives_a_parent_that_is_killed(write_lines: Write, tmp_path: Path) -> None:
    source = write_lines([{"case_id": f"c{n}", "documents": [{"text": "hang"}]} for n in range(2)])
    process = started(source, tmp_path / "out.jsonl")
    wait_for(lambda: len(descendants(process.pid)) >= 4, process)
    time.sleep(0.3)
    family = descendants(process.pid)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 10
    while any(map(alive, family)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(family) >= 4  # the fork server, its resource tracker, two workers
    assert not [pid for pid in family if alive(pid)]


def descendants(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += [int(child), *descendants(int(child))]
    return found


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def test_the_words_of_an_unforeseen_failure_in_a_worker_are_never_printed(
    cheap: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not even where the failure is the pool's own: here an answer that cannot be sent back."""
    from pipelines.intake import Line

    lines = [Line(1, b'{"case_id": "A", "documents": [{"text": "leak Zebulon Quixwhistle"}]}')]
    ((_, answer),) = batch.local(lines, Job(cheap.make, lambda _: 60.0, 2))
    ((_, unsent),) = batch.local(lines, Job(cheap.make_unsendable, lambda _: 60.0, 2))
    printed = capfd.readouterr()
    assert answer.outcome == "internal_error" and b"Zebulon" not in answer.line
    assert unsent.outcome == "worker_crashed"
    assert "Zebulon" not in printed.out + printed.err
