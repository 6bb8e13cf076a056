"""Results as JSONL, Parquet, CSV and databases: the same results, typed, and safe in a spreadsheet."""

from __future__ import annotations

import csv
import gzip
import json
import sqlite3
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, get_args, get_origin

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import BaseModel
from typed import said

from pipelines import batch
from pipelines.arrow import result_schema
from pipelines.errors import InputError
from pipelines.models import Result
from pipelines.outputs import _safe, writer_for
from pipelines.rows import Columns

Case = Callable[..., dict[str, Any]]
KEEP = Columns(keep=("clinic",))


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Write the same results in any format: decided once, then written again."""
    folder = tmp_path_factory.mktemp("scored")
    note = {"document_id": "n", "date": "2026-02-27", "text": "Low back pain. EXAM: left foot drop, TA 2/5."}
    vague = {
        "document_id": "n",
        "date": "2026-02-27",
        "text": "Low back pain for 2 years. Had ten PT visits.",
    }
    rows: list[dict[str, Any]] = [
        {"case_id": "=1+1", "documents": [note], "clinic": "North"},
        {"case_id": "B", "documents": [vague], "clinic": "@South"},
        {"case_id": "C", "documents": [], "clinic": None},
        {"case_id": "D", "documents": [vague]},
    ]
    rows = [{"service_date": "2026-03-02", "cpt_codes": ["72148"], **row} for row in rows]
    (folder / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    batch.run(folder / "in.jsonl", folder / "out.jsonl", workers=1, columns=KEEP)

    def write(suffix: str) -> Path:
        path = folder / f"out{suffix}"
        if not path.exists():
            lines = (folder / "out.jsonl").read_bytes().splitlines(keepends=True)
            writer_for(path, KEEP.keep)(path, lines, KEEP.keep)
        return path

    return write


def results(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_kept_columns_stand_last_in_a_line_and_the_rest_is_as_without_them(
    scored: Callable[[str], Path], tmp_path: Path
) -> None:
    source = scored(".jsonl").with_name("in.jsonl")
    batch.run(source, tmp_path / "plain.jsonl", workers=1)
    kept = results(scored(".jsonl"))
    assert [row.pop("kept") for row in kept] == [
        {"clinic": "North"},
        {"clinic": "@South"},
        {"clinic": None},
        {"clinic": None},
    ]
    assert kept == results(tmp_path / "plain.jsonl")


def test_packed_jsonl_holds_the_same_bytes(scored: Callable[[str], Path]) -> None:
    plain = scored(".jsonl").read_bytes()
    assert gzip.decompress(scored(".jsonl.gz").read_bytes()) == plain
    with pa.CompressedInputStream(pa.OSFile(str(scored(".jsonl.zst"))), "zstd") as file:
        assert file.read() == plain


# --- Parquet ---------------------------------------------------------------------------------------


def test_parquet_holds_the_results_in_typed_nested_columns(scored: Callable[[str], Path]) -> None:
    table = pq.read_table(scored(".parquet"))
    assert table.schema.equals(result_schema(("clinic",)))
    for row, want in zip(table.to_pylist(), results(scored(".jsonl")), strict=True):
        assert row["service_date"] in {date(2026, 3, 2), None}
        assert row["clinic"] == want["kept"]["clinic"]
        for key in ("case_id", "determination", "software", "indications", "gate", "to_meet", "error"):
            assert said(row[key]) == want[key]
        for fact, wanted in zip(row["facts"], want["facts"], strict=True):
            assert said(fact["evidence"]) == wanted["evidence"]
            assert [name for name, _ in fact["attributes"]] == list(wanted["attributes"])


def test_the_arrow_schema_has_the_fields_of_the_contract_in_their_order() -> None:
    assert fields(pa.struct(list(result_schema()))) == models(Result)


def fields(kind: pa.DataType) -> Any:
    """The names in a type, however deep; a map counts as a value."""
    if pa.types.is_list(kind):
        return fields(kind.value_type)
    if pa.types.is_struct(kind):
        return {kind.field(place).name: fields(kind.field(place).type) for place in range(kind.num_fields)}
    return None


def models(kind: Any) -> Any:
    if isinstance(kind, type) and get_origin(kind) is None and issubclass(kind, BaseModel):
        return {name: models(field.annotation) for name, field in kind.model_fields.items()}
    if get_origin(kind) is dict:
        return None
    found = [models(argument) for argument in get_args(kind)]
    return next((item for item in found if item is not None), None)


# --- CSV -------------------------------------------------------------------------------------------


def test_no_cell_of_a_csv_is_a_formula(scored: Callable[[str], Path]) -> None:
    content = scored(".csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(content.decode("utf-8-sig").splitlines()))
    assert [row["case_id"] for row in rows] == ["'=1+1", "B", "C", "D"]
    assert [row["clinic"] for row in rows] == ["North", "'@South", "", ""]
    assert "neuro.foot_drop" in rows[0]["met"] and "foot drop" in rows[0]["quotes"]
    assert rows[1]["missing"] and rows[2]["error_code"] == "invalid_case"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", " =", "＝"])  # noqa: RUF001
def test_whatever_a_spreadsheet_takes_for_a_formula_starts_with_an_apostrophe(start: str) -> None:
    assert _safe(f"{start}HYPERLINK(1)").startswith("'")
    assert _safe("5-1=4") == "5-1=4"


def test_a_cell_is_never_longer_than_a_spreadsheet_takes() -> None:
    assert len(_safe("x" * 40_000)) < 32_767


# --- databases -------------------------------------------------------------------------------------

QUESTION = (
    "SELECT clinic, requirement, count(*) FROM missing JOIN cases USING (case_number)"
    " WHERE indication = 'back_pain.failed_conservative' GROUP BY 1, 2 ORDER BY 1, 2"
)


def test_a_question_to_the_store_is_one_query_and_both_databases_answer_alike(
    scored: Callable[[str], Path],
) -> None:
    duckdb = pytest.importorskip("duckdb")
    with sqlite3.connect(scored(".sqlite")) as connection:
        small = connection.execute(QUESTION).fetchall()
    with duckdb.connect(str(scored(".duckdb")), read_only=True) as connection:
        assert sorted(connection.execute(QUESTION).fetchall(), key=str) == sorted(small, key=str)
    assert {clinic for clinic, _, _ in small} == {None, "@South", "North"}


def test_the_store_holds_everything_that_the_lines_hold(scored: Callable[[str], Path]) -> None:
    rows = results(scored(".jsonl"))
    with sqlite3.connect(scored(".sqlite")) as connection:
        count = lambda table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: E731
        assert count("cases") == len(rows)
        assert count("indications") == sum(len(row["indications"]) for row in rows)
        assert count("facts") == sum(len(row["facts"]) for row in rows)
        assert count("quotes") == sum(len(fact["evidence"]) for row in rows for fact in row["facts"])
        assert count("to_meet") == sum(len(names) for row in rows for names in row["to_meet"])
        found = connection.execute("SELECT case_id, error_code FROM cases WHERE case_number = 3").fetchone()
    assert found == ("C", "invalid_case")


def test_an_output_that_needs_a_missing_package_names_it_before_anything_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(InputError, match=r"pip install 'indicia\[duckdb\]'"):
        writer_for(tmp_path / "out.duckdb", ())


@pytest.mark.parametrize("name", ["out.parquet", "out.csv", "out.sqlite"])
def test_a_kept_column_cannot_take_the_place_of_a_result(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="--keep determination"):
        writer_for(tmp_path / name, ("determination",))
