"""Any table in: what each format gives, and what becomes of rows that are broken."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from pipelines.errors import CaseError, InputError
from pipelines.intake import Line, parse_line
from pipelines.rows import Columns, Row, columns_from, drafts
from pipelines.tables import source_of

NO_COLUMNS = Columns()


def lines(path: Path, columns: Columns = NO_COLUMNS) -> list[Line]:
    return list(source_of(path, columns).lines())


def cases(path: Path, columns: Columns = NO_COLUMNS) -> list[dict[str, Any]]:
    return [json.loads(line.raw or b"") for line in lines(path, columns)]


def texts(found: Iterable[dict[str, Any]]) -> dict[str, list[str]]:
    return {case["case_id"]: [item["text"] for item in case["documents"]] for case in found}


@pytest.fixture
def csv(tmp_path: Path) -> Any:
    def write(content: str | bytes, name: str = "cases.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


# --- CSV -------------------------------------------------------------------------------------------


def test_rows_of_a_csv_with_one_case_id_are_documents_of_one_case_wherever_they_stand(csv: Any) -> None:
    path = csv("case_id,text,kind\nA,one,letter\nB,two,\nA,three,order\nC,four,\nA,five,\n")
    found = cases(path)
    assert texts(found) == {"A": ["one", "three", "five"], "B": ["two"], "C": ["four"]}
    assert [case["case_id"] for case in found] == ["A", "B", "C"]
    assert [item.get("kind") for item in found[0]["documents"]] == ["letter", "order", None]


def test_what_rows_say_of_their_case_is_taken_from_the_first_that_says_it(csv: Any) -> None:
    path = csv("case_id,text,service_date,age_years\nA,x,,\nA,y,2026-03-02,54\nA,z,2026-04-01,\n")
    (case,) = cases(path)
    assert (case["service_date"], case["patient"]) == ("2026-03-02", {"age_years": "54"})


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_header_shows_how_the_cells_of_a_csv_are_parted(csv: Any, mark: str) -> None:
    path = csv(f'case_id{mark}text\nA{mark}"one{mark} ""two""\nthree"\n')
    assert texts(cases(path)) == {"A": [f'one{mark} "two"\nthree']}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_csv_is_read_in_the_encodings_that_spreadsheets_write(csv: Any, encoding: str) -> None:
    assert texts(cases(csv("case_id,text\nA,Zoë\n".encode(encoding)))) == {"A": ["Zoë"]}


def test_a_csv_in_windows_1252_is_read_with_a_remark(csv: Any) -> None:
    (line,) = lines(csv("case_id,text\nA,Zoë\n".encode("cp1252")))
    intake = parse_line(line, None)
    assert intake.documents[0].text == "Zoë"
    assert [remark.code for remark in intake.remarks] == ["encoding_guessed"]


def test_a_row_with_too_few_or_too_many_cells_makes_its_case_an_error(csv: Any) -> None:
    path = csv("case_id,text,kind\nA,x,order\nB,y\nC,z,order,more\nA,w\nD,v,order\n")
    problems = {json.loads(line.raw or b"")["case_id"]: line.problem for line in lines(path)}
    assert problems["D"] is None
    assert {problems[name][0] for name in "ABC" if problems[name]} == {"malformed_row"}
    assert problems["B"] and problems["B"][1].startswith("Row 3 has 2 cells and the header 3.")


def test_an_open_quotation_mark_costs_the_rows_that_it_runs_together_and_says_which(csv: Any) -> None:
    path = csv('case_id,text\nA,x\nB,"open\nC,y\nD,"closed" z\nE,w\n')
    found = lines(path)
    assert [json.loads(line.raw or b"")["case_id"] for line in found] == ["A", "row-3", "E"]
    with pytest.raises(CaseError, match="Lines 3 to 5 of this table cannot be parted"):
        parse_line(found[1], None)


def test_a_row_without_a_case_id_is_an_error_that_names_the_row(csv: Any) -> None:
    first, second = lines(csv("case_id,text\n,x\n,y\n"))
    with pytest.raises(CaseError, match="Row 2: case_id: is required") as raised:
        parse_line(first, None)
    assert raised.value.case_id == "row-2"
    assert second.problem == ("invalid_case", "Row 3: case_id: is required.")


def test_a_case_whose_rows_are_too_large_together_is_an_error_under_its_own_name(
    csv: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.rows.MAX_BYTES", 1000)
    first, second = lines(csv("case_id,text\nA,{0}\nA,{0}\nB,y\n".format("x" * 600)))
    with pytest.raises(CaseError, match="rows of this case are over") as raised:
        parse_line(first, None)
    assert (raised.value.case_id, raised.value.code, second.problem) == ("A", "too_large", None)


def test_blank_rows_of_a_csv_are_left_out(csv: Any) -> None:
    assert texts(cases(csv("case_id,text\n\nA,x\n,\n\nB,y\n\n"))) == {"A": ["x"], "B": ["y"]}


def test_rows_that_wait_too_long_for_their_case_are_refused_in_words() -> None:
    rows = [Row(number, {"case_id": str(number % 50), "text": "x" * 1000}) for number in range(100)]
    with pytest.raises(InputError, match="Sort it by case_id"):
        list(drafts(lambda: iter(rows), NO_COLUMNS, held_bytes=10_000))
    rows.sort(key=lambda row: row.values["case_id"])
    assert len(list(drafts(lambda: iter(rows), NO_COLUMNS, held_bytes=10_000))) == 50


# --- Parquet ---------------------------------------------------------------------------------------


def test_a_parquet_file_gives_the_cases_of_a_csv(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "case_id": [1, 2, 1],
            "text": ["one", "two", None],
            "service_date": pd.to_datetime(["2026-03-02", "2026-03-03", None]),
            "age_years": [54.0, None, None],
            "cpt_codes": [["72148"], None, None],
        }
    )
    frame.to_parquet(tmp_path / "cases.parquet")
    first, second = (parse_line(line, None).case for line in lines(tmp_path / "cases.parquet"))
    assert (first.case_id, str(first.service_date), first.cpt_codes) == ("1", "2026-03-02", ["72148"])
    assert (first.patient.age_years, [item.text for item in first.documents]) == (54.0, ["one", ""])
    assert second.patient.age_years is None


def test_a_parquet_file_may_hold_whole_cases(tmp_path: Path) -> None:
    documents = [{"document_id": "note", "text": "one"}, {"document_id": "pt", "text": "two"}]
    table = {"case_id": ["A"], "patient": [{"age_years": 54.5}], "documents": [documents]}
    pd.DataFrame(table).to_parquet(tmp_path / "cases.parquet")
    (line,) = lines(tmp_path / "cases.parquet")
    case = parse_line(line, None).case
    assert case.patient.age_years == 54.5
    assert [(item.document_id, item.text) for item in case.documents] == [("note", "one"), ("pt", "two")]


def test_the_folders_of_a_partitioned_table_are_a_column(tmp_path: Path) -> None:
    frame = pd.DataFrame({"case_id": ["A", "B", "C"], "text": "xyz", "clinic": ["N", "S", "N"]})
    frame.to_parquet(tmp_path / "table", partition_cols=["clinic"])
    (tmp_path / "table" / "_SUCCESS").touch()
    found = lines(tmp_path / "table", Columns(keep=("clinic",)))
    kept = {json.loads(line.raw or b"")["case_id"]: line.kept for line in found}
    assert kept == {"A": {"clinic": "N"}, "B": {"clinic": "S"}, "C": {"clinic": "N"}}


def test_a_delta_table_is_refused_because_its_folder_holds_deleted_rows(tmp_path: Path) -> None:
    (tmp_path / "_delta_log").mkdir()
    with pytest.raises(InputError, match="is a Delta table"):
        source_of(tmp_path, NO_COLUMNS)


def test_a_file_that_only_calls_itself_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"case_id,text\n")
    (tmp_path / "b.parquet").write_bytes(b"PAR1 and then nothing")
    for name in ("a.parquet", "b.parquet"):
        with pytest.raises(InputError, match="Parquet"):
            source_of(tmp_path / name, NO_COLUMNS)


# --- packing, folders, JSONL -----------------------------------------------------------------------

JSONL = b'{"case_id": "A"}\n\n{"case_id": "B"}\n'


def packed(how: str) -> bytes:
    if how == "gz":
        return gzip.compress(JSONL)
    # Two frames, as tools that work in parallel write them.
    return b"".join(pa.compress(part, codec="zstd", asbytes=True) for part in (JSONL[:9], JSONL[9:]))


@pytest.mark.parametrize("how", ["gz", "zst"])
def test_packed_files_are_unpacked_on_the_way(tmp_path: Path, how: str) -> None:
    path = tmp_path / f"cases.jsonl.{how}"
    path.write_bytes(packed(how))
    assert [(line.number, line.raw) for line in lines(path)] == [
        (1, b'{"case_id": "A"}\n'),
        (3, b'{"case_id": "B"}\n'),
    ]
    (tmp_path / f"t.csv.{how}").write_bytes(
        gzip.compress(b"case_id,text\nA,x\n")
        if how == "gz"
        else pa.compress(b"case_id,text\nA,x\n", codec="zstd", asbytes=True)
    )
    assert texts(cases(tmp_path / f"t.csv.{how}")) == {"A": ["x"]}


@pytest.mark.parametrize("how", ["gz", "zst"])
def test_a_packed_file_that_breaks_off_is_told_and_never_taken_for_whole(tmp_path: Path, how: str) -> None:
    path = tmp_path / f"cases.jsonl.{how}"
    path.write_bytes(packed(how)[:-4])
    with pytest.raises(InputError, match="cannot be read to its end"):
        lines(path)


def test_the_tables_of_a_folder_are_read_in_the_order_of_their_names(csv: Any, tmp_path: Path) -> None:
    csv("case_id,text\nB,two\n", "2.csv")
    csv("case_id,text\nA,one\n", "1.csv")
    assert texts(cases(tmp_path)) == {"A": ["one"], "B": ["two"]}
    csv("other,text\nC,x\n", "3.csv")
    with pytest.raises(InputError, match="lacks: case_id"):
        source_of(tmp_path, NO_COLUMNS)
    (tmp_path / "3.csv").unlink()
    (tmp_path / "4.jsonl").write_bytes(JSONL)
    with pytest.raises(InputError, match="several kinds"):
        source_of(tmp_path, NO_COLUMNS)


def test_columns_of_jsonl_travel_along_but_are_not_mapped(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text('{"case_id": "A", "clinic": "North", "size": 3}\n{broken\n')
    found = lines(path, Columns(keep=("clinic", "size")))
    assert [line.kept for line in found] == [
        {"clinic": "North", "size": "3"},
        {"clinic": None, "size": None},
    ]
    with pytest.raises(InputError, match="--map is for tables"):
        source_of(path, Columns({"text": "x"}))


# --- columns ---------------------------------------------------------------------------------------


def test_columns_are_mapped_on_the_command_line_or_in_toml_and_the_command_line_wins(
    csv: Any, tmp_path: Path
) -> None:
    toml = tmp_path / "columns.toml"
    toml.write_text('keep = ["clinic"]\n[columns]\ncase_id = "request"\ntext = "summary"\n')
    columns = columns_from(["text=note_body"], ["plan"], toml)
    path = csv("request,note_body,summary,clinic,plan\nA,x,y,North,gold\n")
    (line,) = lines(path, columns)
    assert json.loads(line.raw or b"")["documents"] == [{"text": "x"}]
    assert line.kept == {"clinic": "North", "plan": "gold"}


@pytest.mark.parametrize(
    ("maps", "toml", "words"),
    [
        (["text"], "", "write FIELD=COLUMN"),
        (["note=x"], "", "There is no field note"),
        ([], "keep = [", "is no TOML"),
        ([], 'text = "x"', "write keep ="),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_refused(
    tmp_path: Path, maps: list[str], toml: str, words: str
) -> None:
    (tmp_path / "columns.toml").write_text(toml)
    with pytest.raises(InputError, match=words):
        columns_from(maps, [], tmp_path / "columns.toml")


def test_a_mapped_or_kept_column_that_is_not_there_is_named(csv: Any) -> None:
    path = csv("case_id,text\nA,x\n")
    with pytest.raises(InputError, match="lacks: note_body, clinic"):
        source_of(path, Columns({"text": "note_body"}, ("clinic",)))


def test_the_digest_of_an_input_covers_the_documents_that_it_names(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text('{"case_id": "A", "documents": [{"path": "note.txt"}, {"path": "none.txt"}]}\n')
    digests = set()
    for text in ("one", "two", "two"):
        (tmp_path / "note.txt").write_text(text)
        digests.add(source_of(path, NO_COLUMNS).digest())
    assert len(digests) == 2
