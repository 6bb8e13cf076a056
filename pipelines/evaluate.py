"""How well cases are read: labels by hand beside what the program finds, as figures and as pages.

Gold goes through case by case: nothing but counts is kept of a case once it is written.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from pipelines.batch import TIME_LIMIT, Job, Make, checker, local, seconds_for
from pipelines.errors import InputError
from pipelines.evaluate_case import miss_json, shown
from pipelines.evaluate_compare import compare
from pipelines.evaluate_gold import Found, Labelled, ResultsFile, Unusable, found_of, read_gold
from pipelines.evaluate_page import Pages, headlines
from pipelines.evaluate_scores import Scores
from pipelines.intake import Line
from pipelines.pool import PoolError, cores

PAGE_SIZE = 25
SCORES, MISSES, INDEX = "scores.json", "misses.jsonl", "index.html"


@dataclass
class Evaluation:
    """What an evaluation came to."""

    scores: Scores = field(default_factory=Scores)
    unusable: list[Unusable] = field(default_factory=list)
    label_remarks: list[tuple[str, str]] = field(default_factory=list)
    results_left: int = 0

    @property
    def failed(self) -> int:
        """Lines that could not be used, and cases without a result."""
        return len(self.unusable) + self.scores.without_result

    def as_json(self) -> dict[str, Any]:
        """The content of scores.json."""
        return {
            **self.scores.as_json(),
            "unusable_lines": [unusable._asdict() for unusable in self.unusable],
            "label_remarks": [{"case_id": name, "remark": remark} for name, remark in self.label_remarks],
            "results_without_gold": self.results_left,
        }


def run(
    gold: Path,
    output: Path,
    *,
    results: Path | None = None,
    show_all: bool = False,
    page_size: int = PAGE_SIZE,
    workers: int | None = None,
    time_limit: float = TIME_LIMIT,
    progress: Callable[[Line], None] | None = None,
    make: Make | None = None,
) -> Evaluation:
    """Compare labelled cases with what is found in them and write index.html, scores.json and misses.jsonl.

    Without `results`, a JSONL file of results, the cases are decided here. Cases with a difference are shown
    in full, with `show_all` the others too. With more than `page_size` cases
    to show they go to pages of their own. Files of an earlier evaluation in `output` are replaced, others
    are left alone; nothing is replaced before all is written.

    Raises InputError where nothing could be written: unreadable input, no usable case, unusable output.
    """
    evaluation = Evaluation()
    usable = read_gold(gold, evaluation.unusable.append)
    results_file = ResultsFile(results, evaluation.unusable.append) if results else None
    found = (
        ((labelled, results_file.of(labelled.case_id)) for labelled in usable)
        if results_file
        else _decided(usable, gold.parent, workers, time_limit, make)
    )
    with _new_folder(output) as folder:
        pages = Pages(folder, page_size)
        try:
            with (folder / MISSES).open("wb") as misses:
                for number, (labelled, result) in enumerate(found, start=1):
                    case = compare(number, labelled, result)
                    evaluation.scores.add(case)
                    evaluation.label_remarks += [(case.case_id, remark) for remark in case.remarks]
                    if case.is_miss or show_all:
                        ready = shown(case)
                        pages.add(ready)
                        if case.is_miss:
                            misses.write(_json(miss_json(ready)))
                    if progress:
                        progress(labelled.line)
        except PoolError as error:
            raise InputError(str(error)) from None
        if not evaluation.scores.cases:
            raise InputError(_no_case(gold, evaluation.unusable))
        evaluation.results_left = results_file.left() if results_file else 0
        (folder / SCORES).write_bytes(_json(evaluation.as_json(), indent=1))
        pages.finish(evaluation, gold.name)
    return evaluation


def summary_lines(scores: Scores) -> list[str]:
    """The headline figures for a terminal."""
    lines = []
    for figure in headlines(scores):
        counts = f"  {figure.share.hits} of {figure.share.of}" if figure.share else ""
        lines.append(f"{figure.value:>7}  {figure.name}{counts}")
    return lines


def _decided(
    usable: Iterator[Labelled], folder: Path, workers: int | None, time_limit: float, make: Make | None
) -> Iterator[tuple[Labelled, Found | None]]:
    """Decide the cases as a batch does, in order."""
    waiting: deque[Labelled] = deque()

    def lines() -> Iterator[Line]:
        for labelled in usable:
            waiting.append(labelled)
            yield labelled.line

    make = make or partial(checker, folder)
    seconds = partial(seconds_for, time_limit, folder)
    for _, answer in local(lines(), Job(make, seconds, workers or max(2, cores()))):
        yield waiting.popleft(), found_of(answer.line)


def _no_case(gold: Path, unusable: list[Unusable]) -> str:
    if not unusable:
        return f"{gold} holds no case. Give a JSONL file of cases with their labels under `gold`."
    first = unusable[0]
    return (
        f"No line of {gold} can be used. Line {first.line}: {first.message} "
        "A gold file holds a case a line, with its labels under `gold`."
    )


# --- output ----------------------------------------------------------------------------------------


def _json(value: Any, indent: int | None = None) -> bytes:
    """JSON with a line end; halves of surrogate pairs, which no encoding can write, become "?"."""
    separators = (",", ": ") if indent else (",", ":")
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators)
    for character, escape in (("\u0085", "\\u0085"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029")):
        text = text.replace(character, escape)
    return text.encode("utf-8", "replace") + b"\n"


@contextlib.contextmanager
def _new_folder(output: Path) -> Iterator[Path]:
    """Give a folder to write in; its files come to `output` when the block ends well, else not at all.

    It is readable by its owner alone: it holds the cases' notes.
    """
    if output.exists() and not output.is_dir():
        raise InputError(f"{output} is a file. Give a folder for the evaluation.")
    if not output.absolute().parent.is_dir():
        raise InputError(f"{output.parent}: no such folder. Create it, or give another path.")
    try:
        part = Path(tempfile.mkdtemp(prefix=f".{output.name}.", suffix=".part", dir=output.absolute().parent))
    except OSError as error:
        raise InputError(f"{output.parent}: nothing can be written there ({error.strerror}).") from None
    try:
        yield part
        for file in part.iterdir():
            file.chmod(0o600)
        _replace(output, part)
    except OSError as error:
        raise InputError(f"{output}: the evaluation cannot be written ({error.strerror}).") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _replace(output: Path, part: Path) -> None:
    if not output.exists():
        part.replace(output)
        return
    for stale in [output / INDEX, output / SCORES, output / MISSES, *output.glob("cases-*.html")]:
        stale.unlink(missing_ok=True)
    for file in part.iterdir():
        file.replace(output / file.name)
