"""Tables of notes to tables of results, with pandas.

Columns in (those of the contract's case, one document a row): `case_id` and `text` are required;
`document_id`, `kind`, `date`, `service_date`, `cpt_codes`, `age_years`, `birth_date`, `sex` are read where
they exist, others are left alone. Rows with one case_id are the documents of one case; what they say of the
case is taken from the first row that says it.

Columns out: the keys of the contract's result, one row a case in the order of first appearance, nested
values as Python lists and dictionaries.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from pipelines.check import check
from pipelines.errors import CaseError, InputError
from pipelines.models import Result, case_from
from pipelines.result import Json, error_result

_OF_CASE = ("service_date", "cpt_codes")
_OF_PATIENT = ("age_years", "birth_date", "sex")
_OF_DOCUMENT = ("document_id", "kind", "date", "text")


def score_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Decide every case of a table.

    Raises InputError where the columns `case_id` or `text` are missing.
    """
    lacking = [name for name in ("case_id", "text") if name not in frame.columns]
    if lacking:
        raise InputError(f"The table lacks: {', '.join(lacking)}. Rename its columns to match.")
    results = [_check(data) for data in _cases(frame)]
    return pd.DataFrame(results, columns=list(Result.model_fields))


def _check(data: Json) -> Json:
    try:
        return check(case_from(data))
    except CaseError as error:
        return error_result(error.case_id or "", error)


def _cases(frame: pd.DataFrame) -> list[Json]:
    cases: dict[Hashable, Json] = {}
    for number, row in enumerate(frame.to_dict("records"), start=1):
        values = {key: value for key, value in row.items() if not _is_blank(value)}
        case_id = values.get("case_id", f"row-{number}")
        case = cases.setdefault(case_id, {"case_id": case_id, "patient": {}, "documents": []})
        _fill(case, values, _OF_CASE)
        _fill(case["patient"], values, _OF_PATIENT)
        document = {"text": ""}
        _fill(document, values, ("document_id", "kind", "date"))
        document["text"] = values.get("text", "")
        case["documents"].append(document)
    return list(cases.values())


def _fill(target: Json, values: Mapping[Hashable, Any], names: tuple[str, ...]) -> None:
    for name in names:
        if name in values:
            target.setdefault(name, values[name])


def _is_blank(value: object) -> bool:
    """An empty cell: None, NaN, NaT or pandas' NA (lists and arrays are never blank)."""
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)
