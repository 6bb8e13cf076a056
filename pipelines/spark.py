"""The same work on a Spark cluster: `score(frame)` for its own tables, `answers` for `indicia batch
--engine spark`.

Each Python worker of Spark keeps one process that reads notes, built once and kept from task to task. A
case that crashes or overruns its time costs that process and becomes an error, as it does without Spark: no
task fails, and no exception carries words of a note to the driver.
"""

from __future__ import annotations

import functools
import os
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import pyarrow as pa

from pipelines.arrow import batch_of, result_schema
from pipelines.batch import TIME_LIMIT, Job, checker, pool_plan, seconds_for
from pipelines.check import Answer
from pipelines.errors import InputError, failure
from pipelines.intake import Line
from pipelines.outputs import blocks, with_kept
from pipelines.pool import Crew
from pipelines.rows import FIELDS, Columns, Draft, Row

P = ParamSpec("P")
Out = TypeVar("Out")

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

#: Cases that a task of `answers` takes, and how many jobs are under way: no worker waits for another's last.
_TASK_CASES = 64
_JOBS = 3
_ROWS = "_rows"

# --- cases that the driver reads -------------------------------------------------------------------

_ANSWERS = pa.schema(
    [
        ("place", pa.int64()),
        ("case_id", pa.string()),
        ("outcome", pa.string()),
        ("failed", pa.bool_()),
        ("line", pa.binary()),
        ("raised", pa.list_(pa.list_(pa.string()))),
        ("missing", pa.list_(pa.string())),
    ]
)


def answers(lines: Iterable[Line], job: Job) -> Generator[tuple[Line, Answer], None, None]:
    """Answer lines in order on the session that is there, or on a local one with `job.workers` tasks at a
    time.

    Paths that documents name must be readable on every machine of the cluster.
    Raises InputError where Spark is missing or gives up.
    """
    session = session_of(job.workers)
    size = _TASK_CASES * session.sparkContext.defaultParallelism
    under_way: deque[tuple[list[Line], Any]] = deque()
    with ThreadPoolExecutor(_JOBS) as jobs:
        for wave in blocks(lines, size):
            under_way.append((wave, jobs.submit(_answered, session, wave, job)))
            if len(under_way) >= _JOBS:
                yield from _in_order(*under_way.popleft())
        while under_way:
            yield from _in_order(*under_way.popleft())


def _in_order(wave: list[Line], answered: Any) -> Iterator[tuple[Line, Answer]]:
    yield from zip(wave, answered.result(), strict=True)


def _answered(session: SparkSession, wave: list[Line], job: Job) -> list[Answer]:
    codes, messages = zip(*(line.problem or (None, None) for line in wave), strict=True)
    columns = {
        "place": pa.array(range(len(wave)), pa.int64()),
        "number": pa.array([line.number for line in wave], pa.int64()),
        "raw": pa.array([line.raw for line in wave], pa.binary()),
        "code": pa.array(codes, pa.string()),
        "message": pa.array(messages, pa.string()),
    }
    try:
        frame = session.createDataFrame(pa.table(columns))  # type: ignore[type-var, unused-ignore]
        rows = frame.mapInArrow(partial(_answer_batches, job), _spark_schema(_ANSWERS)).toArrow().to_pylist()
    except Exception as error:  # its own words may be those of a worker
        words = f"Spark gave up ({type(error).__name__}). Its log says why; then go on with --resume."
        raise InputError(words) from None
    rows.sort(key=lambda row: row["place"])
    return [_answer(row) for row in rows]


def _answer(row: dict[str, Any]) -> Answer:
    raised = tuple((name, status) for name, status in row["raised"])
    return Answer(row["case_id"], row["outcome"], row["failed"], row["line"], raised, tuple(row["missing"]))


def _without_words(work: Callable[P, Iterator[Out]]) -> Callable[P, Iterator[Out]]:
    """Spark prints what a worker raises, on the driver too: keep its kind and place, withhold its words."""

    @functools.wraps(work)
    def told(*arguments: P.args, **options: P.kwargs) -> Iterator[Out]:
        try:
            yield from work(*arguments, **options)
        except Exception as error:
            raise RuntimeError(f"indicia failed in a worker of Spark: {failure(error)}") from None

    return told


@_without_words
def _answer_batches(job: Job, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        rows = batch.to_pylist()
        lines = [
            Line(row["number"], row["raw"], (row["code"], row["message"]) if row["code"] else None)
            for row in rows
        ]
        answered = _crew(job).answers(iter(lines))
        found = [
            {"place": row["place"], **answer._asdict()}
            for row, (_, answer) in zip(rows, answered, strict=True)
        ]
        yield pa.RecordBatch.from_pylist(found, schema=_ANSWERS)


# --- tables of the cluster -------------------------------------------------------------------------


def score(
    frame: DataFrame,
    columns: Mapping[str, str] | None = None,
    keep: Sequence[str] = (),
    *,
    order: Sequence[str] = ("document_id",),
    folder: str = ".",
    time_limit: float = TIME_LIMIT,
) -> DataFrame:
    """Decide every case of a Spark table: the columns of `pipelines.rows` in, those of `pipelines.arrow` out.

    `columns` says which column holds which field, `keep` which columns travel along (as text). Rows have no
    order in Spark: `order` names the columns that put the documents of a case in theirs. `folder` is where
    the paths of documents start, on every machine.

    Raises InputError where columns are missing.
    """
    from pyspark.sql import functions as f

    chosen = Columns(columns or {}, tuple(keep))
    chosen.require(frame.columns)
    case_id = f.col(_ticked(chosen.of.get("case_id", "case_id")))
    wanted = {chosen.of.get(name, name) for name in FIELDS} | set(keep)
    first = [name for name in order if name in frame.columns]
    names = [*first, *sorted(name for name in frame.columns if name in wanted and name not in first)]
    row = f.struct(*(f.col(_ticked(name)) for name in names))
    # A row without a case_id is a case of its own; what names it must not change from run to run.
    nameless = case_id.isNull() | (case_id.cast("string") == "")
    key = f.when(nameless, f.concat(f.lit("row-"), f.hex(f.xxhash64(row)))).otherwise(case_id.cast("string"))
    cases = frame.select(key.alias("_key"), row.alias("_row")).groupBy("_key")
    gathered = cases.agg(f.sort_array(f.collect_list("_row")).alias(_ROWS))
    job = Job(partial(checker, Path(folder)), partial(seconds_for, time_limit, Path(folder)), 1)
    schema = _spark_schema(result_schema(chosen.keep))
    return gathered.mapInArrow(partial(_score_batches, job, chosen), schema)


@_without_words
def _score_batches(job: Job, columns: Columns, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        lines = [_line(case, columns) for case in batch.to_pylist()]
        answered = _crew(job).answers(iter(lines))
        yield batch_of((with_kept(answer.line, line.kept) for line, answer in answered), columns.keep)


def _line(case: dict[str, Any], columns: Columns) -> Line:
    draft = Draft({"case_id": None})
    for number, values in enumerate(case[_ROWS], start=1):
        draft.add(Row(number, values), columns)
    if draft.problem:
        draft.data["case_id"] = case["_key"]
    return draft.line(1)


def _ticked(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _spark_schema(schema: pa.Schema) -> Any:
    from pyspark.sql.pandas.types import from_arrow_schema

    return from_arrow_schema(schema)


# --- the worker ------------------------------------------------------------------------------------

_kept: dict[str, Crew[Line, Answer]] = {}


def _crew(job: Job) -> Crew[Line, Answer]:
    """The process that reads notes for this Python worker of Spark; built once, kept from task to task."""
    key = repr((job.make, job.seconds))
    crew = _kept.get(key)
    if crew is None or crew.busy:
        for other in _kept.values():
            other.stop()
        _kept.clear()
        crew = _kept[key] = Crew(pool_plan(job), 1)
    return crew


# --- the session -----------------------------------------------------------------------------------


def session_of(tasks: int) -> SparkSession:
    """The session that is there or that spark-submit asks for; else a local one, closed to the network.

    Raises InputError where PySpark or Java is missing.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise InputError("--engine spark needs PySpark: pip install 'indicia[spark]'.") from None
    session = SparkSession.getActiveSession()
    if session is not None:
        return session
    builder = SparkSession.builder.appName("indicia")
    if not {"PYSPARK_GATEWAY_PORT", "PYSPARK_SUBMIT_ARGS", "SPARK_REMOTE"} & os.environ.keys():
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        builder = builder.master(f"local[{tasks}]")
        for name, value in _local_settings().items():
            builder = builder.config(name, value)
    try:
        return builder.getOrCreate()
    except Exception as error:
        raise InputError(
            f"Spark does not start ({type(error).__name__}). It needs Java 17 or later: set JAVA_HOME."
        ) from None


@functools.cache
def _local_settings() -> dict[str, str]:
    log = files("pipelines").joinpath("spark-log4j2.properties")
    return {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={log}",
        # What Spark puts aside on the disk holds notes.
        "spark.io.encryption.enabled": "true",
        "spark.python.worker.reuse": "true",
    }
