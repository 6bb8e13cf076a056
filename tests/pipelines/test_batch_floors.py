"""The floors of a batch at payer scale: long runs, made by INDICIA_SOAK=1 pytest -s with this file.

Each prints its figures. Speeds are ratios of turns in one run; what only holds on a machine with nothing
else to do is told, not asserted.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest

from criteria import determination
from nlp.lexicon import lexicon
from pipelines import batch
from pipelines.check import check_line, warm
from pipelines.intake import Line, lines_of
from pipelines.pool import Crew

pytestmark = pytest.mark.skipif(not os.environ.get("INDICIA_SOAK"), reason="long: set INDICIA_SOAK=1")

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "data/samples/cases.jsonl"
CHEAP = Path(__file__).parent / "fakes/cheap.py"
COMMAND = [sys.executable, "-c", "from pipelines.cli import main; main()", "batch"]
KILLS = 50
LENGTHS = (500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000)


def write_cases(path: Path, number: int, text: Callable[[int], str]) -> Path:
    with path.open("w") as file:
        for place in range(number):
            case = {"case_id": f"c{place}", "documents": [{"text": text(place)}]}
            file.write(json.dumps(case) + "\n")
    return path


def write_samples(path: Path, number: int) -> Path:
    """The samples over and over, each time under other ids."""
    samples = SAMPLES.read_text().splitlines()
    with path.open("w") as file:
        for place, sample in enumerate(islice(cycle(samples), number)):
            file.write(json.dumps({**json.loads(sample), "case_id": f"c{place}"}) + "\n")
    return path


def start(*arguments: object) -> subprocess.Popen[str]:
    call = [sys.executable, str(CHEAP), *map(str, arguments)]
    return subprocess.Popen(call, stdout=subprocess.PIPE, text=True)


def finish(*arguments: object) -> str:
    process = start(*arguments)
    out, _ = process.communicate(timeout=1200)
    assert process.returncode == 0
    return out


def kill_a_worker(parent: int) -> None:
    for server in children(parent):
        for worker in children(server)[:1]:
            os.kill(worker, signal.SIGKILL)


def children(parent: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(parent)], capture_output=True, text=True)
    return [int(line) for line in found.stdout.split()]


@pytest.mark.parametrize("reader", ["cheap", "real"])
def test_every_killed_run_resumes_to_the_bytes_of_an_uninterrupted_one(tmp_path: Path, reader: str) -> None:
    if reader == "cheap":
        cases = write_cases(tmp_path / "in.jsonl", 4000, lambda place: f"slow {place} " * 40)
    else:
        cases = write_samples(tmp_path / "in.jsonl", 900)
    started = time.monotonic()
    finish(cases, tmp_path / "whole.jsonl", reader)
    length = time.monotonic() - started
    whole = (tmp_path / "whole.jsonl").read_bytes()
    chance = random.Random(7)
    sealed = []
    kills = KILLS if reader == "cheap" else KILLS // 5
    for kill in range(kills):
        output = tmp_path / f"out{kill}.jsonl"
        process = start(cases, output, reader)
        time.sleep(chance.uniform(0.15, 1.0) * length)
        if kill % 5 == 4:
            kill_a_worker(process.pid)
        else:
            process.send_signal(signal.SIGKILL)
        process.communicate(timeout=600)
        sealed.append(len(list(tmp_path.glob(f".out{kill}.jsonl.run/part-*"))))
        finish(cases, output, reader)
        assert output.read_bytes() == whole, f"kill {kill}"
        assert not (tmp_path / f".{output.name}.run").exists()
        output.unlink()
    print(f"\n{kills} kills of a run of {length:.1f} s ({reader} reader), sealed parts at each: {sealed}")


def test_the_parents_memory_does_not_grow_with_the_cases(tmp_path: Path) -> None:
    peaks = []
    for number in (1_000, 100_000):
        cases = write_cases(tmp_path / "in.jsonl", number, lambda place: f"text {place} " * 200)
        peaks.append(int(finish(cases, tmp_path / f"out{number}.jsonl")))
    ratio = peaks[1] / peaks[0]
    print(f"\npeak of the parent: {peaks[0]} kB at 1,000 cases, {peaks[1]} kB at 100,000: {ratio:.2f}")
    assert ratio < 1.2


def test_a_thousand_poisoned_cases_cost_only_themselves(tmp_path: Path, cheap: Any) -> None:
    chance = random.Random(3)
    poisoned = sorted(chance.sample(range(10_000), 1_000))
    kinds = ["die now", "exit now", "hang on", "garbage", "giant"]
    doses = dict(zip(poisoned, cycle(kinds), strict=False))
    clean = write_cases(tmp_path / "clean.jsonl", 10_000, lambda place: f"note {place}")
    with (tmp_path / "poisoned.jsonl").open("wb") as file:
        for place, line in enumerate(clean.read_bytes().splitlines(keepends=True)):
            file.write(poison(line, place, doses.get(place), chance))
    began = time.monotonic()
    run = partial(batch.run, workers=2, make=cheap.make, time_limit=0.3)
    run(clean, tmp_path / "clean.out")
    summary = run(tmp_path / "poisoned.jsonl", tmp_path / "poisoned.out")
    good = (tmp_path / "clean.out").read_bytes().splitlines()
    found = (tmp_path / "poisoned.out").read_bytes().splitlines()
    print(f"\n{dict(summary.errors)} in {time.monotonic() - began:.0f} s")
    assert summary.failed == 1_000
    for place, (line, want) in enumerate(zip(found, good, strict=True)):
        if place in doses:
            assert json.loads(line)["error"]["code"]
        else:
            assert line == want


def poison(line: bytes, place: int, dose: str | None, chance: random.Random) -> bytes:
    if dose == "garbage":
        return chance.randbytes(50).replace(b"\n", b"").replace(b"\r", b"") + b"\n"
    if dose == "giant":
        # One in ten is over the limit for a line; the others are large and wrong.
        size = 65 * 1024 * 1024 if place % 10 == 0 else 200_000
        return b'{"case_id": "c%d", "documents": [{"text": 1}], "x": "%s"}\n' % (place, b"x" * size)
    return line.replace(b"note", dose.encode()) if dose else line


def test_the_machinery_costs_little(tmp_path: Path) -> None:
    """In processor time, which other work on the machine does not count in."""
    cases = write_samples(tmp_path / "in.jsonl", 1_500)
    check = batch.checker(tmp_path)
    lines = list(lines_of(cases))
    overhead = []
    for _ in range(3):
        begin = time.process_time()
        for line in lines:
            check(line)
        bare = time.process_time() - begin
        begin = time.process_time()
        batch.run(cases, tmp_path / "out.jsonl", workers=1)
        overhead.append((time.process_time() - begin) / bare - 1)
    print(f"\noverhead of a batch over the bare function {[f'{value:.1%}' for value in overhead]}")
    assert statistics.median(overhead) < 0.10


def test_two_workers_are_nearly_twice_one(tmp_path: Path) -> None:
    """Short turns of pools that are warm; the best turn of each is the one with least else on the machine."""
    lines = list(lines_of(write_samples(tmp_path / "in.jsonl", 450)))
    plan = batch.pool_plan(batch.Job(partial(batch.checker, tmp_path), lambda _: 60.0, 2))
    crews = {size: Crew(plan, size) for size in (1, 2)}
    seconds: dict[int, list[float]] = {size: [] for size in crews}
    parent = time.process_time()
    for _ in range(8):
        for size, crew in crews.items():
            begin = time.perf_counter()
            assert sum(1 for _ in crew.answers(iter(lines))) == len(lines)
            seconds[size].append(time.perf_counter() - begin)
    parent = (time.process_time() - parent) / (16 * len(lines)) * 1e3
    for crew in crews.values():
        crew.stop()
    ratio = min(seconds[1][1:]) / min(seconds[2][1:])
    load = os.getloadavg()[0]
    print(f"\n2 workers against 1, best of 7: {ratio:.2f}; load {load:.1f}; parent {parent:.3f} ms a case")
    print({size: [round(value, 2) for value in found] for size, found in seconds.items()})
    assert parent < 0.2


def test_the_bytes_are_the_same_over_seeds_workers_engines_and_pythons(tmp_path: Path) -> None:
    """INDICIA_OTHER_PYTHON names a second interpreter that has this project installed."""
    cases = write_samples(tmp_path / "in.jsonl", 300)
    pythons = [sys.executable, *filter(None, [os.environ.get("INDICIA_OTHER_PYTHON")])]
    runs = [(sys.executable, str(seed), ["--workers", "2"]) for seed in range(1, 6)]
    runs += [(python, "0", ["--workers", number]) for python in pythons for number in ("1", "2", "8")]
    runs += [(python, "7", ["--engine", "spark", "--workers", "2"]) for python in pythons]
    for suffix in ("jsonl", "parquet"):
        found = set()
        for place, (python, seed, options) in enumerate(runs):
            output = tmp_path / f"out{place}.{suffix}"
            call = [python, *COMMAND[1:], str(cases), "--output", str(output), *options]
            subprocess.run(call, env={**os.environ, "PYTHONHASHSEED": seed}, check=True)
            found.add(output.read_bytes())
        print(f"\n{suffix}: {len(runs)} runs, {len(pythons)} Pythons, {len(found)} different outputs")
        assert len(found) == 1


CANARIES = ("Zebulon Quixwhistle", "MRN-9918273", "03/14/1961")


def test_no_name_leaves_the_notes(tmp_path: Path) -> None:
    """A name, a record number and a birth date: not in what a run prints, nor in what a killed one leaves."""
    note = "Patient {}, {}, born {}. Low back pain. Left foot drop on exam.".format(*CANARIES)
    lines = []
    for number in range(600):
        case = {"case_id": f"c{number}", "service_date": "2026-03-02", "documents": [{"text": note}]}
        if number % 7 == 0:
            case["documents"] = [{"text": note, "kind": {}}]
        line = json.dumps(case)
        lines.append(line[:-9] if number % 11 == 0 else line)
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    temp = tmp_path / "temp"
    temp.mkdir()
    told = [
        _killed_or_not(tmp_path, temp, engine, kill)
        for engine in ("local", "spark")
        for kill in (True, False)
    ]
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "in.jsonl"]
    seen = b"".join([*told, *(path.read_bytes() for path in files)])
    hits = {canary: seen.count(canary.encode()) for canary in CANARIES}
    print(f"\n{len(files)} files, {sum(map(len, told))} bytes told, hits {hits}")
    assert not any(hits.values())


def _killed_or_not(folder: Path, temp: Path, engine: str, kill: bool) -> bytes:
    """All that a run prints."""
    output = folder / f"{engine}.jsonl"
    call = [*COMMAND, str(folder / "in.jsonl"), "--output", str(output), "--engine", engine, "--resume"]
    process = subprocess.Popen(
        [*call, "--workers", "2"],
        env={**os.environ, "TMPDIR": str(temp), "SPARK_LOCAL_DIRS": str(temp)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if kill:
        time.sleep(4 if engine == "local" else 12)
        process.kill()
    return process.communicate(timeout=300)[0]


@pytest.mark.skipif(not shutil.which("strace"), reason="needs strace")
def test_a_batch_opens_no_connection(tmp_path: Path) -> None:
    cases = write_samples(tmp_path / "in.jsonl", 100)
    log = tmp_path / "trace"
    trace = ["unshare", "-n", "strace", "-f", "-e", "trace=connect,sendto", "-o", str(log)]
    subprocess.run([*trace, *COMMAND, str(cases), "--output", str(tmp_path / "out.jsonl")], check=True)
    tried = [line for line in log.read_text().splitlines() if "AF_INET" in line]
    print(f"\nconnections tried: {len(tried)}")
    assert not tried


def test_spark_keeps_up_with_the_local_engine(tmp_path: Path) -> None:
    """Throughput after start-up: seconds for many cases less seconds for few, in turns."""
    few, many = (write_samples(tmp_path / f"{number}.jsonl", number) for number in (300, 3_300))
    seconds: dict[str, list[float]] = {"local": [], "spark": []}
    for _ in range(2):
        for engine in seconds:
            seconds[engine].append(_batch_seconds(many, engine) - _batch_seconds(few, engine))
    local, spark = (3_000 / statistics.median(found) for found in seconds.values())
    load = os.getloadavg()[0]
    print(f"\nlocal {local:.0f}/s, Spark {spark:.0f}/s: {spark / local:.2f}; load {load:.1f}; {seconds}")
    assert spark > 0.6 * local


def _batch_seconds(cases: Path, engine: str) -> float:
    call = [*COMMAND, str(cases), "--workers", "2", "--engine", engine, "--output", f"{cases}.{engine}"]
    begin = time.perf_counter()
    subprocess.run(call, check=True)
    return time.perf_counter() - begin


def test_the_cost_of_a_case_by_the_length_of_its_note_and_the_number_of_its_documents() -> None:
    """The measured curves of the README."""
    warm()
    texts = [document["text"] for line in SAMPLES.open() for document in json.loads(line)["documents"]]
    whole = "\n\n".join(texts)
    for length in LENGTHS:
        starts = [(place * 7919) % (len(whole) - length) for place in range(max(8, 320_000 // length))]
        cost = _milliseconds([[whole[start : start + length]] for start in starts])
        print(f"\n{length:>7} characters: {cost:8.2f} ms a case", end="")
    for documents in (1, 2, 4, 8):
        cost = _milliseconds(
            [[texts[(place * 3 + n) % len(texts)][:1000] for n in range(documents)] for place in range(60)]
        )
        print(f"\n{documents:>7} documents of 1,000 characters: {cost:8.2f} ms a case", end="")


def test_the_cost_of_a_case_by_the_number_of_criteria_and_phrases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Criteria asked several times over, and a lexicon that holds phrases of words that notes are full of."""
    warm()
    cases = [[json.loads(line)["documents"][0]["text"]] for line in SAMPLES.open()]
    contents = determination._contents
    for times in (1, 2, 4, 8):
        monkeypatch.setattr(determination, "_contents", lambda edition, by=times: contents(edition) * by)
        print(f"\n{times:>7} times the criteria: {_milliseconds(cases):8.2f} ms a case", end="")
    monkeypatch.undo()
    trie = lexicon().trie
    entry = trie.found[0][0]
    added = 0
    for more in (0, 10_000, 100_000):
        while added < more:
            trie.add((("pain", "back", "left", "the")[added % 4], "with", f"word{added}"), entry)
            added += 1
        print(f"\n{added:>7} more phrases: {_milliseconds(cases):8.2f} ms a case", end="")


def _milliseconds(cases: list[list[str]]) -> float:
    lines = []
    for texts in cases:
        documents = [{"text": text} for text in texts]
        case = {"case_id": "c", "service_date": "2026-03-02", "documents": documents}
        lines.append(Line(1, json.dumps(case).encode()))
    for line in lines[:3]:
        check_line(line)
    begin = time.process_time()
    for line in lines:
        check_line(line)
    return (time.process_time() - begin) / len(lines) * 1e3
