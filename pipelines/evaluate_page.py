"""The pages of an evaluation: figures, confusion tables, and every case that is shown with its marks.

Plain HTML with its style inside: no script, nothing fetched. Every text is escaped by the template engine.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from pipelines.evaluate_case import Shown
from pipelines.evaluate_compare import KINDS
from pipelines.evaluate_marks import visible
from pipelines.evaluate_scores import DETERMINATIONS, NO_RESULT, STATUSES, Scores, Share, Tally, wilson

if TYPE_CHECKING:
    from pipelines.evaluate import Evaluation

#: Links that a list of cases shows; the rest is counted.
MOST_LINKS = 100


class Figure(NamedTuple):
    """One line of the first table. `share` gives counts and interval; an F1 has none (it is no share)."""

    name: str
    value: str
    share: Share | None
    meaning: str


class Links(NamedTuple):
    """Links to cases (address, case_id); how many cases there are in all, and how many are shown."""

    links: list[tuple[str, str]]
    total: int
    placed: int


class Pages:
    """Writes the pages as cases come in; holds no more than one page of them."""

    def __init__(self, folder: Path, size: int) -> None:
        self._folder, self._size = folder, size
        self._waiting: list[str] = []
        self._places: dict[int, tuple[int, str]] = {}
        self._written = 0

    def add(self, case: Shown) -> None:
        """Show a case: on the first page if all fit there, else on a page of cases."""
        if len(self._waiting) == self._size:
            self._write_page(is_last=False)
        number = case.case.number
        self._places[number] = (self._written + 1, case.case.case_id)
        self._waiting.append(_render("evaluate_case.html", shown=case, kinds=KINDS))

    def finish(self, evaluation: Evaluation, name: str) -> None:
        """Write the last page of cases and the first page with the figures."""
        inline: list[str] = []
        if self._written:
            self._write_page(is_last=True)
        else:
            inline, self._waiting = self._waiting, []
        scores = evaluation.scores
        page = _render(
            "evaluate_index.html",
            title=name,
            evaluation=evaluation,
            scores=scores,
            figures=headlines(scores),
            kinds=KINDS,
            determinations=_table(scores.determinations, DETERMINATIONS),
            statuses=_table(scores.statuses, STATUSES),
            indications=_indications(scores),
            types=sorted(
                scores.by_type.items(), key=lambda item: (-(item[1].missed + item[1].extra), item[0])
            ),
            assertions=sorted(scores.assertions.items(), key=lambda item: (-len(item[1]), item[0])),
            requirements=sorted(
                scores.by_requirement.items(),
                key=lambda item: (-(len(item[1].missed_in) + item[1].needless), item[0]),
            ),
            links=self._links,
            inline=inline,
            pages=[page_name(page) for page in range(1, self._written + 1)],
            shown=len(self._places),
            size=self._size,
        )
        self._save("index.html", page)

    def _write_page(self, is_last: bool) -> None:
        self._written += 1
        number = self._written
        self._save(
            page_name(number),
            _render(
                "evaluate_cases.html",
                number=number,
                before=page_name(number - 1) if number > 1 else None,
                after=None if is_last else page_name(number + 1),
                cases=self._waiting,
            ),
        )
        self._waiting = []

    def _save(self, name: str, page: str) -> None:
        (self._folder / name).write_bytes(page.encode("utf-8", "replace"))

    def _links(self, numbers: Sequence[int]) -> Links:
        distinct = list(dict.fromkeys(numbers))
        placed = [number for number in distinct if number in self._places]
        return Links([self._link(number) for number in placed[:MOST_LINKS]], len(distinct), len(placed))

    def _link(self, number: int) -> tuple[str, str]:
        page, case_id = self._places[number]
        return f"{page_name(page) if self._written else ''}#case-{number}", case_id


def page_name(number: int) -> str:
    """The file of a page of cases."""
    return f"cases-{number:04}.html"


def headlines(scores: Scores) -> list[Figure]:
    """The headline figures with what they mean."""
    return [
        _share("Determination accuracy", scores.determination, "cases with the labelled determination"),
        Figure(
            "False meets",
            str(scores.meets.extra),
            scores.false_meets,
            "cases found to meet the criteria of those that do not",
        ),
        _share("Precision of meets_criteria", scores.meets.precision, "cases found to meet them that do"),
        _share("Recall of meets_criteria", scores.meets.recall, "cases that meet them and are found to"),
        *_f1("met indications", scores.met, "indications"),
        *_f1("raised indications", scores.raised, "indications"),
        _share("Status accuracy", scores.status, "labelled indications with the labelled status"),
        _share(
            "Recall of missing requirements",
            scores.missing,
            "requirements that labels of incomplete indications miss and that the result asks for",
        ),
        *_f1("facts (type and assertion)", scores.facts, "facts"),
        _share("Evidence exact", scores.evidence, "quotes of the results that stand at their offsets"),
    ]


def _share(name: str, share: Share, meaning: str) -> Figure:
    return Figure(name, decimals(share.hits / share.of) if share.of else "–", share, meaning)


def _f1(what: str, tally: Tally, things: str) -> list[Figure]:
    counted = tally.right + tally.extra + tally.missed
    return [
        Figure(
            f"F1 of {what}",
            decimals(tally.f1) if counted else "–",
            None,
            f"{tally.right} right, {tally.extra} found but not labelled, "
            f"{tally.missed} labelled but not found",
        ),
        _share(f"Precision of {what}", tally.precision, f"{things} found that are labelled"),
        _share(f"Recall of {what}", tally.recall, f"{things} labelled that are found"),
    ]


class _Cell(NamedTuple):
    found: str
    numbers: list[int]
    is_right: bool


def _table(
    cells: dict[tuple[str, str], list[int]], names: Sequence[str]
) -> tuple[list[str], list[tuple[str, list[_Cell]]]]:
    """A confusion table: the names of its columns (found), and its rows (gold) of cells."""
    extra = sorted({name for pair in cells for name in pair} - {*names, NO_RESULT})
    has_none = any(found == NO_RESULT for _, found in cells)
    rows = [*names, *extra]
    columns = [*rows, *([NO_RESULT] if has_none else [])]
    return columns, [
        (gold, [_Cell(found, cells.get((gold, found), []), gold == found) for found in columns])
        for gold in rows
    ]


def _indications(scores: Scores) -> list[tuple[str, int, int, list[tuple[str, str, list[int]]]]]:
    """Each indication with its labelled count, its right statuses and its wrong ones, worst first."""
    rows = []
    for name, cells in scores.by_indication.items():
        wrong = [(gold, found, cases) for (gold, found), cases in sorted(cells.items()) if gold != found]
        right = sum(len(cases) for (gold, found), cases in cells.items() if gold == found)
        labelled = sum(len(cases) for (gold, _), cases in cells.items() if gold != "not_raised")
        rows.append((name, labelled, right, wrong))
    return sorted(rows, key=lambda row: (-sum(len(cases) for _, _, cases in row[3]), row[0]))


def decimals(value: float) -> str:
    """A share as people compare it: three decimals."""
    return f"{value:.3f}"


def _interval(share: Share) -> str:
    bounds = wilson(share.hits, share.of)
    return f"{decimals(bounds[0])} to {decimals(bounds[1])}" if bounds else ""


def _plain(value: object) -> str:
    """An attribute's value as JSON writes truth values."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ", ".join(_plain(item) for item in value)
    return visible(str(value))


@functools.cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("pipelines"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(decimals=decimals, interval=_interval, plain=_plain, visible=visible)
    return environment


def _render(name: str, **context: Any) -> str:
    return _templates().get_template(name).render(**context)
