"""From what was submitted to cases: lines of JSONL, case files, text files, folders.

Stated behaviour for bad input (each has a test):

======================================  ==================================================================
input                                   behaviour
======================================  ==================================================================
a line that is no JSON, or no object    error `malformed_line`; its case_id if that can still be read,
                                        else `line-<number>`
a required field missing, a wrong type  error `invalid_case` naming the field
an impossible date or age               error `invalid_case` naming the field
no date in the case and its documents   error `no_service_date` (`indicia check` takes today, with a remark)
a document dated after the service date left out, with a remark
a malformed CPT code                    remark `malformed_cpt`; it still counts as a code given
a well-formed CPT code not known here   no error: the criteria decide (out_of_scope)
a case_id used before in the batch      error `duplicate_case_id` for the later one
an unknown document kind                read as `other`
empty text, or no clinical content      decided: insufficient_documentation
NUL characters, unreadable characters   read as blanks; remark `unreadable_text`; offsets stay
another encoding than UTF-8             read by its byte order mark, else as UTF-16 or Windows-1252 with
                                        remark `encoding_guessed`
a file that is missing or no text       error `missing_file`, `unsupported_format`
a `path` that leaves the input's folder error `path_outside_folder`
a line or file over the size limit      error `too_large`
======================================  ==================================================================
"""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from nlp.facts import Document, Remark
from pipelines.decoding import decode, refuse_binary, without_surrogates
from pipelines.errors import CaseError, InputError
from pipelines.models import Case, DocumentIn, case_from

MAX_BYTES = 64 * 1024 * 1024
_CASE_ID = re.compile(rb'"case_id"\s{0,9}:\s{0,9}("(?:[^"\\\x00-\x1f]|\\.){1,500}"|\d{1,30})')
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")
_WELL_FORMED_CPT = re.compile(r"\d{4}[0-9A-Z]")
_TEXT_SUFFIXES = frozenset({".txt", ".text", ".md", ""})


class Line(NamedTuple):
    """One case of a batch as submitted: its number (from 1) and its JSON; `raw` is None over the limit.

    `problem` is the error (code, message) that its source has already met; `kept` holds the columns that
    travel along to the results.
    """

    number: int
    raw: bytes | None
    problem: tuple[str, str] | None = None
    kept: dict[str, str | None] | None = None


class Intake(NamedTuple):
    """A case ready to be read: its documents with their texts, and what was noticed on the way."""

    case: Case
    documents: list[Document]
    remarks: list[Remark]


# --- lines ---------------------------------------------------------------------------------------


def lines_of(path: Path, opened: io.BufferedReader | None = None) -> Iterator[Line]:
    """Yield the lines of a JSONL file that are not blank, without holding more than one of them.

    `opened` is the file where somebody has opened it already (and unpacked it on the way).
    Raises InputError where the file cannot be opened or is no text.
    """
    try:
        with _text(opened or path.open("rb"), path.name) as file:
            number = 0
            while raw := file.readline(MAX_BYTES + 1):
                number += 1
                if len(raw) > MAX_BYTES:
                    while raw and not raw.endswith(b"\n"):
                        raw = file.readline(MAX_BYTES)
                    yield Line(number, None)
                elif raw.strip():
                    yield Line(number, raw)
    except OSError as error:
        if opened:  # whoever opened it knows what can be wrong with it
            raise
        raise InputError(
            f"{path}: {error.strerror or 'cannot be read'}. Give the path of a JSONL file."
        ) from None


def _text(file: io.BufferedReader, name: str) -> IO[bytes]:
    """The lines of a file as UTF-8, without a byte order mark."""
    start = file.peek(4)[:4]
    try:
        refuse_binary(start, name)
    except CaseError as error:
        file.close()
        raise InputError(f"{error.message} A batch reads JSONL, one case a line.") from None
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        with file:
            return io.BytesIO(decode(file.read()).text.encode("utf-8", "replace"))
    if start.startswith(b"\xef\xbb\xbf"):
        file.read(3)
    return file


def case_id_in(line: Line) -> str:
    """The case_id of a line that may be no JSON at all; `line-<number>` where none can be read."""
    match = _CASE_ID.search(line.raw[:MAX_BYTES] if line.raw else b"")
    if match:
        try:
            return without_surrogates(str(json.loads(match[1])))
        except ValueError:
            pass
    return f"line-{line.number}"


def bytes_to_read(line: Line, folder: Path) -> int:
    """How much there is to read for a line: its own bytes and the files that it names."""
    size = len(line.raw or b"")
    for path in paths_in(line):
        with contextlib.suppress(OSError, ValueError):
            size += (folder / path).stat().st_size
    return size


def paths_in(line: Line) -> list[str]:
    """The paths of the documents that a line names."""
    if b'"path"' not in (line.raw or b""):
        return []
    try:
        return [str(item["path"]) for item in json.loads(line.raw or b"")["documents"] if "path" in item]
    except (ValueError, KeyError, TypeError, RecursionError):
        return []


def parse_line(line: Line, folder: Path | None) -> Intake:
    """Read one line of a batch; `folder` is where relative paths of documents start.

    Raises CaseError with the case_id of the line.
    """
    if line.problem:
        raise CaseError(*line.problem, case_id_in(line))
    if line.raw is None:
        raise CaseError("too_large", f"Line {line.number} is over {MAX_BYTES >> 20} MB.", case_id_in(line))
    guessed = False
    try:
        try:
            data = json.loads(line.raw)
        except UnicodeDecodeError:
            data, guessed = json.loads(line.raw.decode("cp1252", "replace")), True
    except (ValueError, RecursionError):
        raise CaseError(
            "malformed_line",
            f"Line {line.number} is not valid JSON. Write one case a line, as a JSON object.",
            case_id_in(line),
        ) from None
    if not isinstance(data, dict):
        raise CaseError(
            "malformed_line", f"Line {line.number} holds no JSON object with a case.", f"line-{line.number}"
        )
    if _SURROGATE_ESCAPE.search(line.raw):
        data = _clean(data)
    try:
        remarks = [_GUESSED_LINE] if guessed else []
        return take(case_from(data), folder, remarks)
    except CaseError as error:
        error.case_id = error.case_id or f"line-{line.number}"
        raise


_GUESSED_LINE = Remark(
    "encoding_guessed", "The line is not UTF-8; it was read as Windows-1252. Check accented letters."
)


def _clean(value: object) -> object:
    """Replace lone surrogates in every text of parsed JSON."""
    if isinstance(value, str):
        return without_surrogates(value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {without_surrogates(key): _clean(item) for key, item in value.items()}
    return value


# --- documents -----------------------------------------------------------------------------------


def take(case: Case, folder: Path | None = None, remarks: list[Remark] | None = None) -> Intake:
    """Fetch the texts of a case's documents.

    Raises CaseError where a document's file cannot be used.
    """
    noticed = list(remarks or ())
    noticed += _cpt_remarks(case.cpt_codes)
    taken: set[str] = {document.document_id for document in case.documents if document.document_id}
    documents = []
    for number, document in enumerate(case.documents, start=1):
        name = document.document_id or _free_name(f"document-{number}", taken)
        try:
            text = document.text if document.text is not None else _read(document, folder, name, noticed)
        except CaseError as error:
            error.case_id = case.case_id
            raise
        documents.append(Document(name, readable(text, name, noticed), document.kind, document.date))
    return Intake(case, documents, noticed)


def readable(text: str, name: str, noticed: list[Remark]) -> str:
    """Replace what no reader can use (NUL, lone surrogates), one character by one, and say so."""
    if text.isascii() and "\x00" not in text:
        return text
    cleaned = without_surrogates(text.replace("\x00", " "))
    if cleaned != text or "\ufffd" in text:
        words = f"{name}: some characters could not be read. Check the document's source."
        noticed.append(Remark("unreadable_text", words))
    return cleaned


def _free_name(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "-"
    taken.add(name)
    return name


def _cpt_remarks(codes: list[str]) -> list[Remark]:
    bad = [number for number, code in enumerate(codes, start=1) if not _WELL_FORMED_CPT.fullmatch(code)]
    if not bad:
        return []
    places = ", ".join(map(str, bad))
    return [
        Remark(
            "malformed_cpt",
            f"CPT code number {places} of this case was not understood: a code has five characters, such as "
            "72148. Correct it and check the case again.",
        )
    ]


def _read(document: DocumentIn, folder: Path | None, name: str, noticed: list[Remark]) -> str:
    """Read a document given by path. Only files inside the input's own folder are opened."""
    if folder is None:
        raise CaseError(
            "missing_file", f"{name}: a path cannot be followed here; give the document's text instead."
        )
    base = folder.resolve()
    try:
        path = (base / str(document.path)).resolve()
    except (OSError, ValueError, RuntimeError):
        raise CaseError("missing_file", f"{name}: its path is not usable. Correct the path.") from None
    if not path.is_relative_to(base):
        raise CaseError(
            "path_outside_folder",
            f"{name}: its path leaves the folder of the input. Put the file there and give a relative path.",
        )
    return read_text(path, name, noticed)


def read_text(path: Path, name: str, noticed: list[Remark]) -> str:
    """Read a text file.

    Raises CaseError (`missing_file`, `too_large`, `unsupported_format`).
    """
    try:
        if not path.is_file():
            raise CaseError("missing_file", f"{name}: there is no such file. Check the path.")
        if path.stat().st_size > MAX_BYTES:
            raise CaseError("too_large", f"{name} is over {MAX_BYTES >> 20} MB. Submit the relevant pages.")
        data = path.read_bytes()
    except OSError as error:
        why = error.strerror or "unknown reason"
        raise CaseError("missing_file", f"{name}: the file cannot be read ({why}).") from None
    refuse_binary(data, name)
    decoded = decode(data)
    if decoded.guessed:
        noticed.append(
            Remark(
                "encoding_guessed",
                f"{name} is not UTF-8; it was read as {decoded.encoding}. Check accented letters.",
            )
        )
    return decoded.text


# --- files and folders ---------------------------------------------------------------------------


def case_of_files(paths: list[Path]) -> tuple[dict[str, object], Path]:
    """Read the files of one case into the contract's object: text files, or a single case as JSON.

    Returns the object and the folder where its documents' paths start.
    Raises CaseError where a file cannot be used, InputError where files are mixed.
    """
    cases = [path for path in paths if path.suffix.lower() in {".json", ".jsonl"}]
    if cases and len(paths) > 1:
        raise InputError("Give either one case file (.json) or the text files of one case, not both.")
    if cases:
        return _case_of_json(cases[0]), cases[0].parent
    documents = [{"document_id": name, "path": str(path.resolve())} for name, path in _named(paths)]
    return {"case_id": paths[0].stem or "case", "documents": documents}, Path("/")


def _case_of_json(path: Path) -> dict[str, object]:
    noticed: list[Remark] = []
    text = read_text(path, path.name, noticed)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise InputError(
            f"{path} is not a single JSON object. For JSONL use: indicia batch {path.name} --output OUT"
        ) from None
    if not isinstance(data, dict):
        raise InputError(f"{path} holds no case: a case is a JSON object with case_id and documents.")
    cleaned = _clean(data)
    assert isinstance(cleaned, dict)
    return cleaned


def _named(paths: list[Path]) -> Iterator[tuple[str, Path]]:
    """Name documents by their files; a name used twice gets a number."""
    taken: set[str] = set()
    for path in paths:
        name, number = path.name, 2
        while name in taken:
            name, number = f"{path.name} ({number})", number + 1
        taken.add(name)
        yield name, path


def folder_lines(folder: Path) -> Iterator[Line]:
    """Yield the cases of a folder as lines: each subfolder of text files, each text file, each .json case.

    Names starting with a dot are left out. Raises InputError where the folder holds no case.
    """
    number = 0
    for entry in sorted(folder.iterdir()):
        data = _folder_case(entry)
        if data is not None:
            number += 1
            yield Line(number, data)
    if not number:
        raise InputError(
            f"{folder} holds no case: put one text file, case file (.json) or subfolder a case in it."
        )


def _folder_case(entry: Path) -> bytes | None:
    if entry.name.startswith("."):
        return None
    if entry.is_dir():
        files = sorted(
            path
            for path in entry.iterdir()
            if path.is_file() and not path.name.startswith(".") and path.suffix.lower() in _TEXT_SUFFIXES
        )
        documents = [{"document_id": path.name, "path": f"{entry.name}/{path.name}"} for path in files]
        return _line({"case_id": entry.name, "documents": documents})
    if entry.suffix.lower() == ".json":
        return entry.read_bytes().replace(b"\r", b" ").replace(b"\n", b" ")
    if entry.suffix.lower() in _TEXT_SUFFIXES:
        return _line({"case_id": entry.stem, "documents": [{"document_id": entry.name, "path": entry.name}]})
    return None


def _line(data: dict[str, object]) -> bytes:
    return json.dumps(data).encode()
