"""The same function on Spark, in local mode with two tasks at a time: the same bytes, crash or no crash."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from typed import said

pytest.importorskip("pyspark")
if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
    pytest.skip("Spark needs Java", allow_module_level=True)

import pandas as pd
import pyarrow.parquet as pq

from pipelines import batch, spark
from pipelines.batch import Job
from pipelines.errors import InputError
from pipelines.frames import score_frame
from pipelines.intake import Line
from pipelines.rows import Columns

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "data/samples/cases.jsonl"
FAKES = Path(__file__).parent / "fakes"


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(FAKES), prepend=os.pathsep)
        patch.delenv("PYSPARK_PYTHON", raising=False)
        made = spark.session_of(2)
        yield made
        made.stop()


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """Some samples, and lines of which each is an error of its own."""
    samples = SAMPLES.read_text().splitlines()
    lines = [*samples[:6], "{broken", samples[0], '{"case_id": "none", "documents": []}', samples[7]]
    path = tmp_path / "mixed.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_spark_gives_the_bytes_and_the_manifest_of_the_local_engine(
    session: Any, mixed: Path, tmp_path: Path
) -> None:
    columns = Columns(keep=("service_date",))
    for engine in ("local", "spark"):
        batch.run(mixed, tmp_path / f"{engine}.jsonl", workers=2, columns=columns, engine=engine)  # type: ignore[arg-type]
    for suffix in (".jsonl", ".jsonl.manifest.json"):
        assert (tmp_path / f"spark{suffix}").read_bytes() == (tmp_path / f"local{suffix}").read_bytes()


def test_a_run_on_spark_that_breaks_off_is_finished_by_the_local_engine(
    session: Any, tmp_path: Path, cheap: Any
) -> None:
    source = tmp_path / "in.jsonl"
    cases = [{"case_id": f"c{number}", "documents": [{"text": "x"}]} for number in range(500)]
    source.write_text("".join(json.dumps(case) + "\n" for case in cases))
    left = iter(range(300))

    def stop(*_: object) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt

    run = partial(batch.run, source, make=cheap.make, part_cases=50)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "out.jsonl", engine="spark", progress=stop)
    assert run(tmp_path / "out.jsonl", workers=1, resume=True).resumed == 300
    run(tmp_path / "whole.jsonl", workers=1)
    assert (tmp_path / "out.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


def test_a_case_that_kills_its_worker_or_hangs_fails_no_task_of_spark(session: Any, cheap: Any) -> None:
    texts = ["fine", "die", "fine", "hang", "exit", "leak", "fine"]
    cases = [{"case_id": f"c{number}", "documents": [{"text": text}]} for number, text in enumerate(texts)]
    lines = [Line(number, json.dumps(case).encode()) for number, case in enumerate(cases, start=1)]
    job = Job(cheap.make, partial(batch.seconds_for, 0.5, Path()), 2, "pipelines.batch")
    outcomes = [answer.outcome for _, answer in spark.answers(lines, job)]
    good, crash = "meets_criteria", "worker_crashed"
    assert outcomes == [good, crash, good, "time_limit", crash, "internal_error", good]


def test_a_worker_is_built_once_and_kept_from_task_to_task(session: Any, poisoned: Any) -> None:
    lines = [Line(number, b"{}") for number in range(1, 1000)]
    job = Job(poisoned.make_process_id, partial(batch.seconds_for, 60.0, Path()), 2, "pipelines.batch")
    found = list(spark.answers(lines, job))
    assert [answer.case_id for _, answer in found] == [str(number) for number in range(1, 1000)]
    assert len({answer.line for _, answer in found}) == 2


NOTE = "EXAM: Left foot drop, tibialis anterior 2/5 on the left."


def a_table(folder: Path) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "request": ["A", "B", "C", "B", "D"],
            "note_body": [NOTE, "Well visit.", NOTE, "Low back pain for 8 weeks.", None],
            "document_id": ["n1", "n1", "n1", "n2", "n1"],
            "service_date": ["2026-03-02", "2026-03-02", "soon", None, "2026-03-02"],
            "clinic": ["North", "South", "South", "South", "North"],
        }
    )
    frame.to_parquet(folder / "requests", partition_cols=["clinic"])
    return frame


def test_a_partitioned_table_of_the_cluster_gives_the_results_of_pandas(session: Any, tmp_path: Path) -> None:
    of = {"case_id": "request", "text": "note_body"}
    frame = a_table(tmp_path)
    results = spark.score(session.read.parquet(str(tmp_path / "requests")), of, keep=["clinic"])
    results.write.partitionBy("clinic").parquet(str(tmp_path / "results"))
    assert {path.name for path in (tmp_path / "results").glob("clinic=*")} == {"clinic=North", "clinic=South"}
    found = pq.read_table(tmp_path / "results").sort_by("case_id").to_pylist()
    wanted = score_frame(frame, of, keep=["clinic"]).sort_values("case_id").to_dict("records")
    assert [row["case_id"] for row in found] == ["A", "B", "C", "D"]
    for row, want in zip(found, wanted, strict=True):
        assert str(row["service_date"]) == str(want["service_date"])
        for name in ("determination", "indications", "to_meet", "error", "clinic"):
            assert said(row[name]) == want[name]


def test_a_row_without_a_case_id_is_an_error_line_with_a_name_that_stays(session: Any) -> None:
    rows = [(None, NOTE), ("", NOTE), (None, "other")]
    frame = session.createDataFrame(rows, "case_id string, text string")
    first, second = (sorted(row.case_id for row in spark.score(frame).collect()) for _ in range(2))
    assert first == second and len(set(first)) == 3
    assert all(row.error.code == "invalid_case" for row in spark.score(frame).collect())


def test_a_table_of_the_cluster_without_the_needed_columns_is_refused(session: Any) -> None:
    frame = session.createDataFrame([("A",)], "note string")
    with pytest.raises(InputError, match="case_id, text"):
        spark.score(frame)


def test_what_a_worker_of_spark_raises_holds_no_words_of_a_note() -> None:
    @spark._without_words
    def work() -> Iterator[int]:
        raise ValueError("Zebulon Quixwhistle")
        yield 1

    with pytest.raises(RuntimeError) as raised:
        next(work())
    assert "ValueError at" in str(raised.value) and "Zebulon" not in str(raised.value)


def test_the_example_of_the_readme_runs_as_it_stands(session: Any, tmp_path: Path) -> None:
    code = readme_block("spark example")
    frame = a_table(tmp_path).rename(columns={"request": "case_id"})
    shutil.rmtree(tmp_path / "requests")
    frame.to_parquet(tmp_path / "requests", partition_cols=["clinic"])
    for name in ("requests", "results"):
        code = code.replace(f'"/data/{name}"', repr(str(tmp_path / name)))
    exec(code, {})
    assert pq.read_table(tmp_path / "results").num_rows == 4


def readme_block(marker: str) -> str:
    after = (ROOT / "README.md").read_text().split(f"<!-- {marker} -->", 1)[1]
    return after.split("```", 2)[1].split("\n", 1)[1]


def test_without_pyspark_the_command_names_what_to_install(
    indicia: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch, mixed: Path, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    code, _, told = indicia("batch", mixed, "--output", tmp_path / "out.jsonl", "--engine", "spark")
    assert code == 2 and "pip install 'indicia[spark]'" in told
