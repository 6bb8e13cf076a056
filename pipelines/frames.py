"""Tables of notes to tables of results, with pandas.

Columns in: see `pipelines.rows`. Columns out: the keys of the contract's result, one row a case in the
order of first appearance, nested values as Python lists and dictionaries.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pandas as pd

from pipelines.check import check_line
from pipelines.models import Result
from pipelines.rows import Columns, Draft, Row, drafts


def score_frame(
    frame: pd.DataFrame, columns: Mapping[str, str] | None = None, keep: Iterable[str] = ()
) -> pd.DataFrame:
    """Decide every case of a table.

    `columns` says which column holds which field where their names differ; the columns in `keep` are added to
    the results as text.
    Raises InputError where the columns `case_id` or `text`, or those named here, are missing.
    """
    chosen = Columns(columns or {}, tuple(keep))
    chosen.require(map(str, frame.columns))
    gathered = drafts(lambda: _rows(frame), chosen, held_bytes=sys.maxsize)
    results = [_check(draft, number) for number, draft in enumerate(gathered, start=1)]
    return pd.DataFrame(results, columns=[*Result.model_fields, *chosen.keep])


def _rows(frame: pd.DataFrame) -> Iterator[Row]:
    for number, row in enumerate(frame.to_dict("records"), start=1):
        yield Row(number, {str(name): value for name, value in row.items()})


def _check(draft: Draft, number: int) -> dict[str, Any]:
    return {**json.loads(check_line(draft.line(number)).line), **draft.kept}
