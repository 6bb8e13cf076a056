"""Bad input, each kind with its stated behaviour (the table in `pipelines.intake`)."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from pipelines import intake, submission
from pipelines.errors import CaseError, InputError
from pipelines.intake import Line, case_of_files, folder_lines, lines_of, parse_line, take
from pipelines.models import case_from

Write = Callable[[Iterable[Any]], Path]


def taken(case: object, folder: Path | None = None) -> intake.Intake:
    return parse_line(Line(3, json.dumps(case).encode()), folder)


def refused(raw: bytes | None, folder: Path | None = None) -> CaseError:
    with pytest.raises(CaseError) as caught:
        parse_line(Line(3, raw), folder)
    return caught.value


@pytest.mark.parametrize(
    ("raw", "case_id"),
    [
        (b"{not json", "line-3"),
        (b'{"case_id": "A-7", "documents": [{"text": "cut of', "A-7"),
        (b'{"case_id":  12, "documents": [', "12"),
        (b'{"case_id": "caf\\u00e9", ', "caf\u00e9"),
        (b"[1, 2]", "line-3"),
        (b'"just words"', "line-3"),
        (b"\x00\x01\x02", "line-3"),
        (b"[" * 100_000, "line-3"),
        (b'{"case_id": "A", "n": ' + b"9" * 5000 + b"}", "A"),
    ],
)
def test_a_malformed_line_keeps_its_case_id_where_it_can_be_read(raw: bytes, case_id: str) -> None:
    error = refused(raw)
    assert (error.code, error.case_id) == ("malformed_line", case_id)
    assert "Line 3" in error.message


def test_a_case_without_an_id_is_named_by_its_line() -> None:
    error = refused(b'{"documents": [{"text": "a"}]}')
    assert (error.code, error.case_id) == ("invalid_case", "line-3")
    assert error.message == "case_id: is required."


def test_an_invalid_case_keeps_its_id() -> None:
    assert refused(b'{"case_id": "A-9", "documents": []}').case_id == "A-9"


def test_a_line_over_the_limit_is_an_error_of_its_own(
    write_lines: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "MAX_BYTES", 1000)
    path = write_lines(
        ['{"case_id": "a"}', '{"case_id": "b", "x": "' + "y" * 5000 + '"}', '{"case_id": "c"}']
    )
    lines = list(lines_of(path))
    assert [line.number for line in lines] == [1, 2, 3]
    assert lines[1].raw is None
    assert refused(None).code == "too_large"


def test_blank_lines_count_but_are_no_cases(write_lines: Write) -> None:
    path = write_lines(["", '{"case_id": "a"}', "   ", '{"case_id": "b"}'])
    assert [line.number for line in lines_of(path)] == [2, 4]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_before_the_first_line_is_no_part_of_it(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_bytes('{"case_id": "ä", "documents": [{"text": "a"}]}\r\n'.encode(encoding))
    (line,) = lines_of(path)
    assert parse_line(line, None).case.case_id == "ä"


def test_a_line_in_windows_1252_is_read_with_a_remark() -> None:
    raw = '{"case_id": "A", "documents": [{"text": "Zoë – fell"}]}'.encode("cp1252")
    found = parse_line(Line(1, raw), None)
    assert found.documents[0].text == "Zoë – fell"
    assert [remark.code for remark in found.remarks] == ["encoding_guessed"]


@pytest.mark.parametrize("text", ["foot\x00drop", "foot\ud800drop", "foot\ufffddrop"])
def test_unreadable_characters_keep_their_place_and_make_a_remark(text: str) -> None:
    found = taken({"case_id": "A", "documents": [{"text": text}]})
    read = found.documents[0].text
    assert (read[:4], read[5:], len(read)) == ("foot", "drop", len(text))
    assert [remark.code for remark in found.remarks] == ["unreadable_text"]


@pytest.mark.parametrize("text", ["", " \r\n\t ", "café 😀", "a\r\nb\rc"])
def test_a_readable_text_is_taken_as_submitted(text: str) -> None:
    found = taken({"case_id": "A", "documents": [{"text": text}]})
    assert found.documents[0].text == text
    assert not found.remarks


def test_a_malformed_cpt_code_makes_a_remark_and_stays_a_code_that_was_given() -> None:
    found = taken({"case_id": "A", "cpt_codes": ["7214", "72148"], "documents": [{"text": "a"}]})
    assert found.case.cpt_codes == ["7214", "72148"]
    assert [remark.code for remark in found.remarks] == ["malformed_cpt"]
    assert "7214:" not in found.remarks[0].message


def test_an_unknown_cpt_code_makes_no_remark_here() -> None:
    assert not taken({"case_id": "A", "cpt_codes": ["99213"], "documents": [{"text": "a"}]}).remarks


def test_documents_without_an_id_are_numbered() -> None:
    documents = [{"text": "a"}, {"text": "b", "document_id": "document-1"}, {"text": "c"}]
    found = taken({"case_id": "A", "documents": documents})
    names = [document.document_id for document in found.documents]
    assert names == ["document-1-", "document-1", "document-3"]


# --- documents by path -----------------------------------------------------------------------------


def by_path(path: str) -> dict[str, Any]:
    return {"case_id": "A", "documents": [{"document_id": "n", "path": path}]}


def test_a_path_starts_at_the_folder_of_the_input(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_bytes(b"line 1\r\nline 2")
    assert taken(by_path("notes/a.txt"), tmp_path).documents[0].text == "line 1\r\nline 2"


def test_a_path_may_not_leave_the_folder_of_the_input(tmp_path: Path) -> None:
    inside = tmp_path / "input"
    inside.mkdir()
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    os.symlink(secret, inside / "link.txt")
    for path in ("../secret.txt", str(secret), "link.txt"):
        error = refused(json.dumps(by_path(path)).encode(), inside)
        assert (error.code, error.case_id) == ("path_outside_folder", "A")


@pytest.mark.parametrize("path", ["nowhere.txt", ".", "a\x00b", "x" * 5000])
def test_a_missing_file_is_named_by_its_document(tmp_path: Path, path: str) -> None:
    error = refused(json.dumps(by_path(path)).encode(), tmp_path)
    assert error.code == "missing_file"
    assert error.message.startswith("n: ")


def test_a_path_without_a_folder_cannot_be_followed() -> None:
    with pytest.raises(CaseError, match="give the document's text"):
        take(case_from(by_path("a.txt")))


def test_a_file_that_no_reader_reads_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"note"))
    assert refused(json.dumps(by_path("a.gz")).encode(), tmp_path).code == "unsupported_format"


def test_a_file_over_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submission, "MAX_BYTES", 10)
    (tmp_path / "a.txt").write_text("x" * 11)
    with pytest.raises(CaseError) as caught:
        take(case_from(by_path("a.txt")), tmp_path)
    assert caught.value.code == "too_large"


# --- whole inputs ----------------------------------------------------------------------------------


def test_an_input_that_cannot_be_opened_or_is_no_text_is_refused(tmp_path: Path) -> None:
    packed = tmp_path / "cases.jsonl"
    packed.write_bytes(gzip.compress(b"{}"))
    for path, words in [
        (tmp_path / "none.jsonl", "No such file"),
        (tmp_path, "directory"),
        (packed, "compressed"),
    ]:
        with pytest.raises(InputError, match=words):
            list(lines_of(path))


def test_text_files_are_the_documents_of_one_case(tmp_path: Path) -> None:
    first, second = tmp_path / "visit.txt", tmp_path / "pt.txt"
    first.write_text("visit")
    second.write_text("therapy")
    data, folder = case_of_files([first, second])
    found = taken(data, folder)
    assert [(d.document_id, d.text) for d in found.documents] == [
        ("visit.txt", "visit"),
        ("pt.txt", "therapy"),
    ]


def test_files_of_one_name_from_two_folders_stay_apart(tmp_path: Path) -> None:
    paths = [tmp_path / folder / "note.txt" for folder in "ab"]
    for path in paths:
        path.parent.mkdir()
        path.write_text(path.parent.name)
    found = taken(*case_of_files(paths))
    assert [d.document_id for d in found.documents] == ["note.txt", "note.txt (2)"]


def test_a_case_file_stands_alone(tmp_path: Path) -> None:
    one, two = tmp_path / "case.json", tmp_path / "note.txt"
    one.write_text('{"case_id": "A", "documents": [{"path": "note.txt"}]}')
    two.write_text("note")
    assert taken(*case_of_files([one])).documents[0].text == "note"
    with pytest.raises(InputError, match="not both"):
        case_of_files([one, two])


@pytest.mark.parametrize("text", ["{", "[]", '{"a": 1}\n{"a": 2}'])
def test_a_file_that_holds_no_single_case_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "case.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"case\.json"):
        case_of_files([path])


def test_a_folder_holds_a_case_in_each_file_and_subfolder(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "1.txt").write_text("one")
    (tmp_path / "b" / "2.txt").write_text("two")
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "c.json").write_text('{"case_id": "C",\n "documents": [{"path": "a.txt"}]}')
    (tmp_path / ".hidden").write_text("x")
    found = [parse_line(line, tmp_path) for line in folder_lines(tmp_path)]
    assert [item.case.case_id for item in found] == ["a", "b", "C"]
    assert [document.text for document in found[1].documents] == ["one", "two"]
    assert found[2].documents[0].text == "a"


def test_a_folder_without_cases_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no case"):
        list(folder_lines(tmp_path))
