"""pandas in, pandas out."""

from __future__ import annotations

import subprocess
import sys

import pandas as pd
import pytest

import pipelines
from pipelines.errors import InputError

NOTE = "EXAM: Left foot drop, tibialis anterior 2/5 on the left."


def test_rows_with_one_case_id_are_documents_of_one_case() -> None:
    frame = pd.DataFrame(
        {
            "case_id": [1, 2, 1],
            "service_date": [pd.Timestamp("2026-03-02"), "2026-03-02", None],
            "cpt_codes": [72148.0, "72148;72146", float("nan")],
            "age_years": [54, float("nan"), float("nan")],
            "document_id": ["a", "b", "c"],
            "text": [NOTE, "Well visit.", None],
            "clinic": ["x", "y", "z"],
        }
    )
    result = pipelines.score(frame)
    assert list(result["case_id"]) == ["1", "2"]
    assert result["error"].isna().all()
    assert result["service_date"].tolist() == ["2026-03-02", "2026-03-02"]
    assert result["determination"][0] is not None


def test_a_wrong_row_is_an_error_of_its_case() -> None:
    frame = pd.DataFrame(
        {"case_id": ["a", "b"], "text": [NOTE, NOTE], "service_date": ["2026-03-02", "soon"]}
    )
    result = pipelines.score(frame)
    assert result["determination"].notna().tolist() == [True, False]
    assert result["error"][1]["code"] == "invalid_case"


def test_a_table_without_the_needed_columns_is_refused() -> None:
    with pytest.raises(InputError, match="case_id, text"):
        pipelines.score(pd.DataFrame({"note": ["x"]}))


def test_importing_the_package_loads_neither_pandas_nor_spacy() -> None:
    code = "import pipelines, sys; print(sorted({'pandas', 'spacy', 'pydantic'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
