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
a file that is missing                  error `missing_file`
a file that cannot be read              error `unsupported_format`, `damaged_file`, `encrypted`, `macros`,
                                        `unsafe_archive`, `unsafe_xml`, `too_large`, `time_limit`,
                                        `memory_limit`, `ocr_not_installed`; where other files of the
                                        case can be read, a remark of that code
a document of another patient           left out, remark `other_patient_suspected`
a `path` that leaves the input's folder error `path_outside_folder`
a line or file over the size limit      error `too_large`
======================================  ==================================================================
"""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import IO, NamedTuple

from nlp.facts import Document, Remark
from pipelines.decoding import decode, refuse_binary, without_surrogates
from pipelines.errors import CaseError, InputError
from pipelines.formats.limits import MAX_BYTES
from pipelines.formats.places import Source
from pipelines.formats.sniff import sniff
from pipelines.models import Case, case_from
from pipelines.submission import open_documents, quality_remarks, read_bytes

_CASE_ID = re.compile(rb'"case_id"\s{0,9}:\s{0,9}("(?:[^"\\\x00-\x1f]|\\.){1,500}"|\d{1,30})')
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")
_WELL_FORMED_CPT = re.compile(r"\d{4}[0-9A-Z]")


_PERHAPS_SCANNED = (b"%PDF", b"PK\x03\x04", b"II*", b"MM\x00", b"\x89PNG", b"\xff\xd8\xff")
_SCAN_WEIGHT = 20


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
    """A case ready to be read: its documents with their texts, what was noticed on the way, and what each
    document was submitted as."""

    case: Case
    documents: list[Document]
    remarks: list[Remark]
    sources: Mapping[str, Source] = MappingProxyType({})


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
            size += (folder / path).stat().st_size * _weight(folder / path)
    return size


def _weight(path: Path) -> int:
    """How much longer a byte of a file takes to read than one of text: a scanned page is small and slow."""
    with path.open("rb") as file:
        return _SCAN_WEIGHT if file.read(8).startswith(_PERHAPS_SCANNED) else 1


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
    """Open and read the documents of a case (see `pipelines.submission`).

    Raises CaseError where a document's path is wrong, or where no document can be read.
    """
    try:
        submission = open_documents(case, folder)
    except CaseError as error:
        error.case_id = case.case_id
        raise
    completed = submission.case
    noticed = [*(remarks or ()), *_cpt_remarks(completed.cpt_codes), *submission.remarks]
    noticed += quality_remarks(submission, case)
    return Intake(completed, submission.documents, noticed, submission.sources)


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


def read_text(path: Path, name: str, noticed: list[Remark]) -> str:
    """Read a text file.

    Raises CaseError (`missing_file`, `too_large`, `unsupported_format`).
    """
    data = read_bytes(path, name)
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
    """Read the files of one case into the contract's object: documents of any format, or a single case as
    JSON.

    Returns the object and the folder where its documents' paths start. Raises CaseError where a file cannot
    be used, InputError where files are mixed.
    """
    paths = [inner for path in paths for inner in (_files_in(path) if path.is_dir() else [path])]
    cases = [path for path in paths if path.suffix.lower() in {".json", ".jsonl"} and not _is_fhir(path)]
    if cases and len(paths) > 1:
        raise InputError("Give either one case file (.json) or the documents of one case, not both.")
    if cases:
        return _case_of_json(cases[0]), cases[0].parent
    documents = [{"document_id": name, "path": str(path.resolve())} for name, path in _named(paths)]
    return {"case_id": (paths[0].stem if paths else "") or "case", "documents": documents}, Path("/")


def _is_fhir(path: Path) -> bool:
    """Does a .json file hold FHIR resources, and no case?"""
    try:
        return path.is_file() and path.stat().st_size <= MAX_BYTES and sniff(path.read_bytes(), "") == "fhir"
    except (OSError, CaseError):
        return False


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
    """Yield the cases of a folder as lines: each subfolder of documents, each file, each .json case.

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
            f"{folder} holds no case: put one document, packet, case file (.json) or subfolder a case in it."
        )


def _folder_case(entry: Path) -> bytes | None:
    if _is_clutter(entry):
        return None
    if entry.is_dir():
        documents = [
            {"document_id": str(path.relative_to(entry)), "path": f"{entry.name}/{path.relative_to(entry)}"}
            for path in _files_in(entry)
        ]
        return _line({"case_id": entry.name, "documents": documents})
    if entry.suffix.lower() == ".json" and not _is_fhir(entry):
        return entry.read_bytes().replace(b"\r", b" ").replace(b"\n", b" ")
    return _line({"case_id": entry.stem, "documents": [{"document_id": entry.name, "path": entry.name}]})


def _files_in(folder: Path) -> list[Path]:
    """The files of a packet's folder and its subfolders, in the order of their names."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return sorted(path for path in files if not any(_is_clutter(part) for part in _below(path, folder)))


def _below(path: Path, folder: Path) -> list[Path]:
    return [Path(part) for part in path.relative_to(folder).parts]


def _is_clutter(entry: Path) -> bool:
    """What file managers leave behind."""
    return entry.name.startswith(".") or entry.name in {"Thumbs.db", "desktop.ini", "__MACOSX"}


def _line(data: dict[str, object]) -> bytes:
    return json.dumps(data).encode()
